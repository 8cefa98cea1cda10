import BreakwaterTesting
import Testing

@testable import DataPlane

@Suite struct `Hosts of one upstream` {
  private static let second: Int64 = 1_000_000_000

  private func fail(_ ejection: inout HostEjection, _ host: Int, times: Int = 5, at now: Int64 = 0) -> Int64? {
    var until: Int64?
    for _ in 0..<times { until = ejection.failed(host, at: now) ?? until }
    return until
  }

  @Test func `are passed over after five failures in a row`() {
    var ejection = HostEjection(2, EjectionSettings())
    #expect(fail(&ejection, 0, times: 4) == nil)
    ejection.succeeded(0)
    #expect(fail(&ejection, 0, times: 4) == nil)
    #expect(ejection.failed(0, at: 7) == 7 + 30 * Self.second)
  }

  @Test(arguments: [(1, 0), (2, 1), (3, 1), (4, 2), (9, 4), (32, 16)])
  func `are never all out, and at most half of them`(hosts: Int, out: Int) {
    var ejection = HostEjection(hosts, EjectionSettings())
    for host in 0..<hosts { _ = fail(&ejection, host, times: 50) }
    #expect(ejection.hosts.count { $0.ejectedUntil != nil } == out)
  }

  @Test func `come back when their time is over, and stay out longer each time they fail again at once`() {
    var ejection = HostEjection(2, EjectionSettings())
    var now: Int64 = 0
    for times in 1...12 {
      let until = fail(&ejection, 1, at: now)
      #expect(until == now + min(Int64(times) * 30, 300) * Self.second)
      #expect(ejection.release(at: (until ?? 0) - 1) == [])
      now = until ?? 0
      #expect(ejection.release(at: now) == [1])
      #expect(ejection.release(at: now) == [])
    }
  }

  @Test func `are forgiven one ejection for every ten seconds in service`() {
    var ejection = HostEjection(2, EjectionSettings())
    var now: Int64 = 0
    for _ in 0..<3 {
      now = fail(&ejection, 0, at: now) ?? 0
      _ = ejection.release(at: now)
    }
    now += 20 * Self.second
    #expect(fail(&ejection, 0, at: now) == now + 60 * Self.second)
  }
}

@Suite struct `The budget for second tries` {
  private static let second: Int64 = 1_000_000_000

  private func taken(_ budget: inout RetryBudget, answered: Int, at now: Int64) -> Int {
    (0..<1000).prefix { _ in budget.take(answered: answered, at: now) }.count
  }

  @Test func `is three a second for an upstream that answers nothing`() {
    var budget = RetryBudget()
    #expect(taken(&budget, answered: 0, at: Self.second) == 3)
    for second in Int64(2)...20 { #expect(taken(&budget, answered: 0, at: second * Self.second) == 3) }
  }

  @Test func `is a fifth of what was answered, however the questions are spread`() {
    var random = SeededRandom(11)
    var budget = RetryBudget()
    _ = taken(&budget, answered: 0, at: 0)
    var (answered, retries, now) = (0, 0, Int64(0))
    for _ in 0..<2000 {
      now += Int64.random(in: 0...10_000_000, using: &random)
      answered += Int.random(in: 0...20, using: &random)
      if budget.take(answered: answered, at: now) { retries += 1 }
    }
    #expect(retries <= answered / 5 + 3)
    #expect(retries > 1500, "2,000 were wanted and \(answered) answered")
  }

  @Test func `saves up no more than a hundred`() {
    var budget = RetryBudget()
    #expect(taken(&budget, answered: 1_000_000, at: Self.second) == 100)
  }
}
