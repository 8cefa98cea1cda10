import Synchronization

/// A sustained rate with a burst, in integer nanoseconds.
package struct RateLimit: Hashable, Sendable {
  /// Requests per window, as configured; shown in `RateLimit-Policy`.
  package let quota: Int
  package let windowSeconds: Int
  package let burst: Int

  /// Precondition: all three are positive.
  package init(quota: Int, windowSeconds: Int, burst: Int) {
    precondition(quota > 0 && windowSeconds > 0 && burst > 0, "a rate limit is positive")
    self.quota = quota
    self.windowSeconds = windowSeconds
    self.burst = burst
  }

  /// Nanoseconds one request takes up.
  var interval: Int64 { max(1, Int64(windowSeconds) * 1_000_000_000 / Int64(quota)) }
  /// How far ahead of now the bucket may run.
  var tolerance: Int64 { interval * Int64(burst) }
}

/// One GCRA bucket: a single theoretical arrival time, shared by all event loops without a lock.
///
/// GCRA (ITU-T I.371) needs one word per key where a token bucket needs two, and its answer to "when may I try again" is exact.
final class RateBucket: Sendable {
  private let arrival = Atomic<Int64>(0)
  let limit: RateLimit
  private let interval: Int64
  private let tolerance: Int64
  /// Its item of `RateLimit-Policy`.
  let policy: [UInt8]

  convenience init(_ limit: RateLimit, _ scope: RateScope) { self.init(limit, Self.policy(limit, scope)) }

  init(_ limit: RateLimit, _ policy: [UInt8]) {
    self.limit = limit
    interval = limit.interval
    tolerance = limit.tolerance
    self.policy = policy
  }

  static func policy(_ limit: RateLimit, _ scope: RateScope) -> [UInt8] {
    Array("\"\(scope.rawValue)\";q=\(limit.quota);w=\(limit.windowSeconds)".utf8)
  }

  enum Answer: Equatable {
    /// `remaining` more requests fit now; the bucket is full again after `resetNanoseconds`.
    case taken(remaining: Int, resetNanoseconds: Int64)
    case refused(retryNanoseconds: Int64)
  }

  /// Takes `cost` at `now` (monotonic nanoseconds), or says how long to wait. A cost above the burst, which could never
  /// be had, takes a full bucket.
  func take(_ cost: Int, at now: Int64) -> Answer {
    let span = interval * Int64(min(cost, limit.burst))
    var old = arrival.load(ordering: .relaxed)
    while true {
      let new = max(old, now) + span
      let wait = new - tolerance - now
      if wait > 0 { return .refused(retryNanoseconds: wait) }
      let (exchanged, original) = arrival.weakCompareExchange(expected: old, desired: new, ordering: .relaxed)
      if exchanged { return .taken(remaining: Int(-wait / interval), resetNanoseconds: new - now) }
      old = original
    }
  }

  /// How long until `take` would succeed; nil if it would now.
  func wait(_ cost: Int, at now: Int64) -> Int64? {
    let arrival = max(arrival.load(ordering: .relaxed), now)
    let wait = arrival + interval * Int64(min(cost, limit.burst)) - tolerance - now
    return wait > 0 ? wait : nil
  }

  /// Returns what `take` took, when another bucket refused the same request.
  func giveBack(_ cost: Int) {
    arrival.wrappingSubtract(interval * Int64(min(cost, limit.burst)), ordering: .relaxed)
  }

  /// Whether forgetting the bucket at `now` would change nothing.
  func isFull(at now: Int64) -> Bool { arrival.load(ordering: .relaxed) <= now }
}
