import Telemetry
import Testing

@testable import DataPlane

@Suite struct `The rate limiter` {
  private func limit(_ burst: Int) -> RateLimit { RateLimit(quota: 60, windowSeconds: 60, burst: burst) }

  private func allowance(_ limiter: RateLimiter, _ address: RateBucket, _ tenant: String) -> RateAllowance {
    var caller = CallerBuckets(tenant: tenant, user: "u1")
    return caller.allowance(ip: address, limiter, at: 1)
  }

  private var limiter: RateLimiter {
    RateLimiter(RatePolicies(ip: limit(1), tenant: limit(1), user: limit(1)), metrics: MetricRegistry())
  }

  private func policy(of allowance: RateAllowance) -> String {
    String(decoding: allowance.policyLine, as: UTF8.self)
  }

  @Test func `lets a tenant cancel as fast as it may order, and fifty a second at least`() {
    func rate(_ quota: Int, _ burst: Int) -> RateLimit { RateLimit(quota: quota, windowSeconds: 1, burst: burst) }
    var policies = RatePolicies(
      ip: limit(1), tenant: limit(1), user: limit(1), tenantOverrides: ["heron": rate(1000, 20), "owl": rate(60, 90)])
    #expect(policies.limit(of: "orchid", .riskReducing) == RatePolicies.cancels)
    #expect(policies.limit(of: "heron", .riskReducing) == rate(1000, 50))
    #expect(policies.limit(of: "owl", .riskReducing) == rate(60, 90))
    #expect(policies.limit(of: "heron", .trading) == nil)
    policies.tenant = rate(200, 300)
    #expect(policies.limit(of: "orchid", .riskReducing) == rate(200, 300))
    policies.tenantClassOverrides = ["heron": [.riskReducing: rate(5, 5)]]
    #expect(policies.limit(of: "heron", .riskReducing) == rate(5, 5))
    policies.tenantClasses = [.riskReducing: rate(7, 7)]
    #expect(policies.limit(of: "orchid", .riskReducing) == rate(7, 7))
  }

  @Test func `keeps one bucket per key and scope`() {
    let limiter = RateLimiter(
      RatePolicies(ip: limit(1), tenant: limit(2), user: limit(3), tenantOverrides: ["heron": limit(9)]),
      metrics: MetricRegistry())
    #expect(limiter.tenant.bucket("orchid", at: 1) === limiter.tenant.bucket("orchid", at: 2))
    #expect(limiter.tenant.bucket("orchid", at: 1) !== limiter.ip.bucket("orchid", at: 1))
    #expect(limiter.tenant.bucket("orchid", at: 1).limit.burst == 2)
    #expect(limiter.tenant.bucket("heron", at: 1).limit.burst == 9)
    #expect(limiter.ip.bucket("192.0.2.1", at: 1).limit.burst == 1)
  }

  @Test func `keeps users of two tenants with one name apart, and shows a tenant its own policy`() {
    let limiter = RateLimiter(
      RatePolicies(ip: limit(9), tenant: limit(9), user: limit(1), tenantOverrides: ["heron": limit(5)]),
      metrics: MetricRegistry())
    let address = limiter.ip.bucket("192.0.2.1", at: 1)
    let orchid = allowance(limiter, address, "orchid")
    let heron = allowance(limiter, address, "heron")
    #expect(orchid.take(1, at: 1) == .taken(RateAllowance.Tightest(scope: .user, remaining: 0, resetSeconds: 1)))
    #expect(heron.take(1, at: 1) == .taken(RateAllowance.Tightest(scope: .user, remaining: 0, resetSeconds: 1)))
    #expect(orchid.take(1, at: 1) == .refused(scope: .user, retryAfterSeconds: 1))
    let expected = #"RateLimit-Policy: "ip";q=60;w=60, "tenant";q=60;w=60, "user";q=60;w=60"# + "\r\n"
    #expect(policy(of: heron) == expected)
    #expect(policy(of: orchid) == expected)
  }

  @Test func `spends nothing anywhere when one bucket refuses`() {
    let (wide, narrow) = (RateBucket(limit(5), .ip), RateBucket(limit(1), .tenant))
    let allowance = limiter.allowance(ip: wide, tenant: narrow)
    #expect(allowance.take(1, at: 1) == .taken(RateAllowance.Tightest(scope: .tenant, remaining: 0, resetSeconds: 1)))
    for _ in 0..<20 { #expect(allowance.take(1, at: 1) == .refused(scope: .tenant, retryAfterSeconds: 1)) }
    #expect(wide.take(4, at: 1) == .taken(remaining: 0, resetNanoseconds: 5_000_000_000))
  }

  @Test func `writes its policies as draft-11 wants them`() {
    let allowance = limiter.allowance(
      ip: RateBucket(RateLimit(quota: 1200, windowSeconds: 60, burst: 200), .ip),
      tenant: RateBucket(RateLimit(quota: 600, windowSeconds: 60, burst: 100), .tenant))
    #expect(
      policy(of: allowance)
        == "RateLimit-Policy: \"ip\";q=1200;w=60, \"tenant\";q=600;w=60\r\n")
  }

  @Test func `says that it has forgotten buckets, so that nobody goes on with one of them`() {
    let held = MetricRegistry().family(MetricCatalog.rateLimitKeys).gauge("ip")
    let sweeps = RateLimiter.Sweeps()
    let one = limit(1)
    let shelf = RateLimiter.Shelf<String>(.ip, sweeps, keysMax: 1, held: held) { _ in one }
    let first = shelf.bucket("k", at: 1)
    #expect(shelf.bucket("other", at: 2) !== first)
    #expect(sweeps.value == 1)
    #expect(shelf.bucket("k", at: 2) !== first)
  }

  @Test func `forgets buckets that have refilled once it holds too many, and shares one when it cannot`() {
    let held = MetricRegistry().family(MetricCatalog.rateLimitKeys).gauge("ip")
    let one = limit(1)
    let shelf = RateLimiter.Shelf<String>(.ip, RateLimiter.Sweeps(), keysMax: 3, held: held) { _ in one }
    let second: Int64 = 1_000_000_000
    let busy = (0..<3).map { shelf.bucket("k\($0)", at: second) }
    for bucket in busy { _ = bucket.take(1, at: second) }
    // All three are in use: newcomers share, and are limited together.
    let shared = shelf.bucket("new-1", at: second)
    #expect(shelf.bucket("new-2", at: second) === shared)
    #expect(!busy.contains { $0 === shared })
    #expect(held.value == 3)
    // Later they have refilled and make room.
    #expect(shelf.bucket("new-3", at: 5 * second) !== shared)
    #expect(held.value == 1)
  }

  @Test func `rounds waits up to whole seconds`() {
    #expect(RateAllowance.seconds(0) == 0)
    #expect(RateAllowance.seconds(1) == 1)
    #expect(RateAllowance.seconds(1_000_000_000) == 1)
    #expect(RateAllowance.seconds(1_000_000_001) == 2)
  }
}
