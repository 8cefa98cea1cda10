import BreakwaterTesting
import Testing

@testable import DataPlane

@Suite struct `A rate limit` {
  private static let second: Int64 = 1_000_000_000

  /// The same promise written differently: a bucket of `burst` tokens, refilled one per interval, exact in nanoseconds.
  private struct Reference {
    let limit: RateLimit
    var level: Int64
    var at: Int64

    init(_ limit: RateLimit, at now: Int64) {
      self.limit = limit
      level = limit.tolerance
      at = now
    }

    mutating func take(_ cost: Int, at now: Int64) -> Bool {
      level = min(limit.tolerance, level + now - at)
      at = now
      let price = limit.interval * Int64(min(cost, limit.burst))
      guard level >= price else { return false }
      level -= price
      return true
    }
  }

  @Test func `agrees with a token bucket on every decision`() {
    for seed in UInt64(1)...40 {
      var random = SeededRandom(seed)
      let limit = RateLimit(
        quota: .random(in: 1...1000, using: &random), windowSeconds: .random(in: 1...60, using: &random),
        burst: .random(in: 1...50, using: &random))
      var now = Int64.random(in: 1...1_000_000_000_000, using: &random)
      let bucket = RateBucket(limit, .user)
      var reference = Reference(limit, at: now)
      for step in 0..<2000 {
        now += Int64.random(in: 0...(limit.interval * 3), using: &random)
        let cost = Int.random(in: 1...(limit.burst + 2), using: &random)
        let expected = reference.take(cost, at: now)
        let wait = bucket.wait(cost, at: now)
        #expect((wait == nil) == expected, "seed \(seed) step \(step): peeking")
        switch bucket.take(cost, at: now) {
        case .taken(let remaining, let reset):
          #expect(expected, "seed \(seed) step \(step)")
          #expect(remaining == Int(reference.level / limit.interval), "seed \(seed) step \(step)")
          #expect(reset == limit.tolerance - reference.level, "seed \(seed) step \(step)")
        case .refused(let retry):
          #expect(!expected, "seed \(seed) step \(step)")
          #expect(retry == wait, "seed \(seed) step \(step)")
        }
      }
    }
  }

  @Test func `admits its burst at once, then its rate`() {
    let bucket = RateBucket(RateLimit(quota: 60, windowSeconds: 60, burst: 5), .user)
    let now = 7 * Self.second
    for left in (0..<5).reversed() {
      #expect(bucket.take(1, at: now) == .taken(remaining: left, resetNanoseconds: Int64(5 - left) * Self.second))
    }
    #expect(bucket.take(1, at: now) == .refused(retryNanoseconds: Self.second))
    #expect(bucket.take(1, at: now + Self.second) == .taken(remaining: 0, resetNanoseconds: 5 * Self.second))
  }

  @Test func `says exactly when to come back`() {
    let bucket = RateBucket(RateLimit(quota: 7, windowSeconds: 3, burst: 3), .user)
    var now = Self.second
    for round in 0..<200 {
      guard case .refused(let retry) = bucket.take(2, at: now) else { continue }
      #expect(bucket.wait(2, at: now + retry - 1) != nil, "round \(round)")
      #expect(bucket.wait(2, at: now + retry) == nil, "round \(round)")
      now += retry
    }
  }

  @Test func `sold out by one request that costs more than the burst is still honest`() {
    let bucket = RateBucket(RateLimit(quota: 10, windowSeconds: 1, burst: 5), .user)
    #expect(bucket.take(25, at: 1) == .taken(remaining: 0, resetNanoseconds: Self.second / 2))
    #expect(bucket.take(25, at: 1) == .refused(retryNanoseconds: Self.second / 2))
    bucket.giveBack(25)
    #expect(bucket.isFull(at: 1))
  }

  @Test func `holds when many threads draw at once`() async {
    let bucket = RateBucket(RateLimit(quota: 1, windowSeconds: 3600, burst: 1000), .user)
    let taken = await withTaskGroup(of: Int.self) { group in
      for _ in 0..<8 {
        group.addTask {
          (0..<500).count { _ in if case .taken = bucket.take(1, at: 1) { true } else { false } }
        }
      }
      return await group.reduce(0, +)
    }
    #expect(taken == 1000)
  }
}
