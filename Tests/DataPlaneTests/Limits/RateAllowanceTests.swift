import BreakwaterTesting
import ControlModel
import Synchronization
import Telemetry
import Testing

@testable import DataPlane

/// All limits of a caller together: by address, tenant, user, class, and class within the tenant.
@Suite struct `A caller's limits` {
  private static let second: Int64 = 1_000_000_000

  /// A bucket of `burst` tokens refilled one per interval, exact in nanoseconds: what GCRA promises, written differently.
  private struct Bucket {
    let limit: RateLimit
    var level: Int64
    var at: Int64

    mutating func refill(_ now: Int64) {
      level = min(limit.tolerance, level + now - at)
      at = now
    }

    func price(_ cost: Int) -> Int64 { limit.interval * Int64(min(cost, limit.burst)) }
  }

  /// Three tenants of three users from four addresses, as any mix of requests.
  private struct Model {
    var buckets: [String: Bucket] = [:]

    mutating func take(_ keys: [(String, RateLimit)], _ cost: Int, _ now: Int64) -> Bool {
      for (key, limit) in keys {
        buckets[key, default: Bucket(limit: limit, level: limit.tolerance, at: now)].refill(now)
      }
      let isEnough = keys.allSatisfy { key, _ in buckets[key].map { $0.level >= $0.price(cost) } ?? false }
      if isEnough {
        for (key, _) in keys { if let price = buckets[key]?.price(cost) { buckets[key]?.level -= price } }
      }
      return isEnough
    }
  }

  @Test(arguments: [UInt64(1), 2, 3, 4, 5, 6, 7, 8])
  func `agree with a model on every one of 4,000 requests`(seed: UInt64) {
    var random = SeededRandom(seed)
    func limit() -> RateLimit {
      RateLimit(
        quota: .random(in: 5...400, using: &random), windowSeconds: .random(in: 1...20, using: &random),
        burst: .random(in: 1...30, using: &random))
    }
    let policies = RatePolicies(
      ip: limit(), tenant: limit(), user: limit(), tenantOverrides: ["t0": limit()], classes: [.expensive: limit()],
      tenantClasses: [.riskReducing: limit(), .trading: limit()], tenantClassOverrides: ["t1": [.trading: limit()]])
    let limiter = RateLimiter(policies, metrics: MetricRegistry())
    var model = Model()
    var callers: [String: CallerBuckets] = [:]
    var now = 5 * Self.second
    for step in 0..<4000 {
      now += Int64.random(in: 0...40_000_000, using: &random)
      let tenant = "t\(Int.random(in: 0..<3, using: &random))"
      let user = "u\(Int.random(in: 0..<3, using: &random))"
      let address = "192.0.2.\(Int.random(in: 0..<4, using: &random))"
      let classes: [TrafficClass] = [.read, .expensive, .trading, .riskReducing]
      let trafficClass = classes[Int.random(in: classes.indices, using: &random)]
      let cost = Int.random(in: 1...6, using: &random)
      var keys: [(String, RateLimit)] = []
      if trafficClass != .riskReducing {
        keys = [
          ("ip \(address)", policies.ip), ("tenant \(tenant)", policies.tenantOverrides[tenant] ?? policies.tenant),
          ("user \(tenant) \(user)", policies.user),
        ]
        if let limit = policies.classes[trafficClass] { keys.append(("class \(trafficClass)", limit)) }
      }
      if let limit = policies.limit(of: tenant, trafficClass) { keys.append(("\(tenant) \(trafficClass)", limit)) }
      let expected = model.take(keys, cost, now)
      let allowance = callers["\(tenant) \(user)", default: CallerBuckets(tenant: tenant, user: user)].allowance(
        ip: limiter.ip.bucket(address, at: now), limiter, class: trafficClass, at: now)
      switch allowance.take(cost, at: now) {
      case .taken(let tightest):
        #expect(expected, "seed \(seed) step \(step)")
        let remaining = keys.compactMap { key, limit in model.buckets[key].map { Int($0.level / limit.interval) } }
          .min()
        #expect(tightest.remaining == remaining, "seed \(seed) step \(step)")
      case .refused: #expect(!expected, "seed \(seed) step \(step)")
      }
    }
  }

  /// Several event loops draw at once: what is let through in a window is within one request of what the limits say.
  @Test func `hold when many threads draw from them`() async {
    let policies = RatePolicies(
      ip: RateLimit(quota: 100_000, windowSeconds: 3600, burst: 3000),
      tenant: RateLimit(quota: 100_000, windowSeconds: 3600, burst: 1000),
      user: RateLimit(quota: 100_000, windowSeconds: 3600, burst: 600))
    let limiter = RateLimiter(policies, metrics: MetricRegistry())
    let taken = await withTaskGroup(of: [Int].self) { group in
      for _ in 0..<8 {
        group.addTask {
          var taken = [0, 0]
          var callers = ["u0", "u1"].map { CallerBuckets(tenant: "orchid", user: $0) }
          for index in 0..<1000 {
            let allowance = callers[index % 2].allowance(ip: limiter.ip.bucket("192.0.2.1", at: 1), limiter, at: 1)
            if case .taken = allowance.take(1, at: 1) { taken[index % 2] += 1 }
          }
          return taken
        }
      }
      return await group.reduce([0, 0]) { [$0[0] + $1[0], $0[1] + $1[1]] }
    }
    #expect((999...1000).contains(taken[0] + taken[1]))
    #expect(taken.allSatisfy { $0 <= 600 })
    // What others' refusals took and gave back is there again.
    let left = limiter.ip.bucket("192.0.2.1", at: 1)
    #expect(left.take(2000, at: 1) == .taken(remaining: 0, resetNanoseconds: 3000 * left.limit.interval))
  }

  @Test func `leave a tenant its cancels when everything else is spent`() {
    let one = RateLimit(quota: 1, windowSeconds: 60, burst: 1)
    let limiter = RateLimiter(RatePolicies(ip: one, tenant: one, user: one), metrics: MetricRegistry())
    func allowance(_ trafficClass: TrafficClass, _ tenant: String = "orchid") -> RateAllowance {
      var caller = CallerBuckets(tenant: tenant, user: "u")
      return caller.allowance(ip: limiter.ip.bucket("192.0.2.1", at: 1), limiter, class: trafficClass, at: 1)
    }
    _ = allowance(.trading).take(1, at: 1)
    #expect(allowance(.trading).take(1, at: 1) == .refused(scope: .ip, retryAfterSeconds: 60))
    for _ in 0..<50 {
      if case .refused = allowance(.riskReducing).take(1, at: 1) { Issue.record("a cancel was refused") }
    }
    #expect(allowance(.riskReducing).take(1, at: 1) == .refused(scope: .tenantClass, retryAfterSeconds: 1))
    if case .refused = allowance(.riskReducing, "lotus").take(1, at: 1) {
      Issue.record("one tenant's cancels cost another's")
    }
  }

  @Test func `keep what was spent over a reload, where the limit stays as it is`() {
    let (narrow, wide) = (
      RateLimit(quota: 1, windowSeconds: 60, burst: 1), RateLimit(quota: 100, windowSeconds: 1, burst: 100)
    )
    let metrics = MetricRegistry()
    let old = RateLimiter(RatePolicies(ip: wide, tenant: narrow, user: wide), metrics: metrics)
    let spent = old.tenant.bucket("orchid", at: 1)
    #expect(old.succeeding(old) === old)
    let same = RateLimiter(RatePolicies(ip: narrow, tenant: narrow, user: wide), metrics: metrics).succeeding(old)
    #expect(same.tenant.bucket("orchid", at: 1) === spent)
    #expect(same.ip.bucket("192.0.2.1", at: 1).limit == narrow)
    let other = RateLimiter(RatePolicies(ip: wide, tenant: wide, user: wide), metrics: metrics).succeeding(old)
    #expect(other.tenant.bucket("orchid", at: 1).limit == wide)
  }
}
