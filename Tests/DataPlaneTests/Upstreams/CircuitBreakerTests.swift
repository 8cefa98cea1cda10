import Testing

@testable import DataPlane

@Suite struct `A circuit` {
  private static let second: Int64 = 1_000_000_000

  private func breaker(failures: Int = 3) -> CircuitBreaker {
    var settings = BreakerSettings()
    settings.failures = failures
    settings.openFor = .seconds(5)
    return CircuitBreaker(settings)
  }

  /// Its tries have failed until it stays open for the longest time, from `now`.
  private func opened(at now: Int64) -> CircuitBreaker {
    var breaker = breaker()
    for _ in 0..<3 { breaker.failed(isProbe: false, at: now - 100 * Self.second) }
    for left in (0..<5).reversed() {
      let end = now - Int64(left) * 10 * Self.second
      _ = breaker.admit(at: end)
      breaker.failed(isProbe: true, at: end)
    }
    return breaker
  }

  @Test func `tries soon after it opened, then after twice the time, up to the longest`() {
    var breaker = breaker()
    for _ in 0..<3 { breaker.failed(isProbe: false, at: 0) }
    var now: Int64 = 0
    for milliseconds: Int64 in [250, 500, 1000, 2000, 4000, 5000, 5000] {
      #expect(breaker.state == .open(until: now + milliseconds * 1_000_000))
      now += milliseconds * 1_000_000
      #expect(breaker.admit(at: now) == .probe)
      breaker.failed(isProbe: true, at: now)
    }
    _ = breaker.admit(at: now + 5 * Self.second)
    breaker.succeeded(isProbe: true)
    for _ in 0..<3 { breaker.failed(isProbe: false, at: now) }
    #expect(breaker.state == .open(until: now + Self.second / 4), "after it worked it begins anew")
  }

  @Test func `opens at failures in a row, not at as many in all`() {
    var breaker = breaker()
    for _ in 0..<20 {
      breaker.failed(isProbe: false, at: 0)
      breaker.failed(isProbe: false, at: 0)
      breaker.succeeded(isProbe: false)
    }
    #expect(breaker.state == .closed && breaker.admit(at: 0) == .pass)
    for _ in 0..<3 { breaker.failed(isProbe: false, at: 7) }
    #expect(breaker.state == .open(until: 7 + Self.second / 4))
  }

  @Test func `that is open refuses until its time is over, then lets one request try`() {
    var breaker = opened(at: 0)
    #expect(breaker.admit(at: 0) == .refused(retryNanoseconds: 5 * Self.second))
    #expect(breaker.admit(at: 5 * Self.second - 1) == .refused(retryNanoseconds: 1))
    #expect(breaker.admit(at: 5 * Self.second) == .probe)
    #expect(breaker.admit(at: 5 * Self.second) == .refused(retryNanoseconds: 5 * Self.second))
  }

  @Test func `closes when the probe succeeds and opens again when it fails`() {
    var breaker = opened(at: 0)
    _ = breaker.admit(at: 5 * Self.second)
    breaker.failed(isProbe: true, at: 6 * Self.second)
    #expect(breaker.state == .open(until: 11 * Self.second))
    _ = breaker.admit(at: 11 * Self.second)
    breaker.succeeded(isProbe: true)
    #expect(breaker.state == .closed && breaker.failures == 0)
    #expect(breaker.admit(at: 11 * Self.second) == .pass)
  }

  @Test func `hears nothing of requests sent before it opened`() {
    var breaker = opened(at: 0)
    breaker.succeeded(isProbe: false)
    #expect(breaker.state == .open(until: 5 * Self.second))
    breaker.failed(isProbe: false, at: Self.second)
    #expect(breaker.state == .open(until: 5 * Self.second))
    _ = breaker.admit(at: 5 * Self.second)
    breaker.succeeded(isProbe: false)
    breaker.failed(isProbe: false, at: 6 * Self.second)
    #expect(breaker.state == .halfOpen(until: 10 * Self.second))
  }

  @Test func `lets the next request try when the probe was abandoned, or is not heard of again`() {
    var breaker = opened(at: 0)
    _ = breaker.admit(at: 5 * Self.second)
    breaker.probeAbandoned(at: 6 * Self.second)
    #expect(breaker.admit(at: 6 * Self.second) == .probe)
    #expect(breaker.admit(at: 11 * Self.second - 1) == .refused(retryNanoseconds: 1))
    #expect(breaker.admit(at: 11 * Self.second) == .probe)
  }
}
