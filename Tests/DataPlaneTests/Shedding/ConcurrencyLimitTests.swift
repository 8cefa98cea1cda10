import BreakwaterTesting
import Testing

@testable import DataPlane

/// The limit against a simulated upstream: `workers` at a time, each request `service` long, the rest waits in its queue.
@Suite struct `A concurrency limit` {
  private func limit(_ min: Int, _ max: Int) -> ConcurrencyLimit {
    var settings = ConcurrencySettings()
    (settings.min, settings.max) = (min, max)
    return ConcurrencyLimit(settings)
  }

  /// What a window looks like when `inFlight` requests are kept in flight.
  private func window(inFlight: Int, workers: Int, serviceMs: Double = 10) -> ConcurrencyLimit.Window {
    let milliseconds = serviceMs * Swift.max(1, Double(inFlight) / Double(workers))
    return ConcurrencyLimit.Window(
      answers: 1000, nanoseconds: Int64(1000 * milliseconds * 1_000_000), timeouts: 0, inFlightMax: inFlight)
  }

  @Test func `grows while answers take as long as they usually do`() {
    var limit = limit(20, 1000)
    let before = limit.limit
    for _ in 0..<400 { limit.update(window(inFlight: limit.limit, workers: 5000)) }
    #expect(limit.limit > before && limit.limit == 1000)
  }

  @Test func `shrinks towards what the upstream can do when answers take longer`() {
    var limit = limit(20, 1000)
    // It learns what is usual from a light load, then everybody comes at once.
    for _ in 0..<200 { limit.update(window(inFlight: 30, workers: 40)) }
    #expect(limit.limit == 200, "with half of it unused nothing is learnt about it")
    for _ in 0..<60 { limit.update(window(inFlight: limit.limit, workers: 40)) }
    #expect((30...110).contains(limit.limit), "\(limit.limit) for 40 workers")
  }

  @Test func `falls by a tenth when requests time out`() {
    var limit = limit(20, 1000)
    limit.update(ConcurrencyLimit.Window(answers: 50, nanoseconds: 1, timeouts: 10, inFlightMax: 10))
    #expect(limit.limit == 180)
    for _ in 0..<100 { limit.update(ConcurrencyLimit.Window(timeouts: 1)) }
    #expect(limit.limit == 20)
  }

  @Test func `stays within its bounds whatever it sees`() {
    for seed in UInt64(1)...20 {
      var random = SeededRandom(seed)
      var limit = limit(7, 90)
      for _ in 0..<500 {
        limit.update(
          ConcurrencyLimit.Window(
            answers: .random(in: 0...2000, using: &random),
            nanoseconds: .random(in: 0...100_000_000_000, using: &random),
            timeouts: .random(in: 0...3, using: &random), inFlightMax: .random(in: 0...300, using: &random)))
        #expect((7...90).contains(limit.limit), "seed \(seed)")
      }
    }
  }

  @Test func `with equal bounds is fixed`() {
    var limit = limit(40, 40)
    for _ in 0..<50 { limit.update(ConcurrencyLimit.Window(timeouts: 100)) }
    #expect(limit.limit == 40)
  }
}
