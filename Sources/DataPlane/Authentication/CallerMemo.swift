import ControlModel
import Identity
import Telemetry

/// What a connection remembers of its last caller, so that the next request of the same caller looks nothing up.
struct CallerMemo {
  private(set) var principal: Principal?
  private(set) var allowance: RateAllowance?
  private var limiter: RateLimiter?
  private var countedTenant: TenantID?
  private var tenantCounters: [Int: Counter] = [:]

  /// The buckets this caller draws from on this connection.
  mutating func allowance(
    for principal: Principal?, peer: String, limiter: RateLimiter, at now: Int64
  ) -> RateAllowance {
    if let allowance, self.principal === principal, self.limiter === limiter { return allowance }
    var buckets = [(RateScope.ip, limiter.bucket(.ip, peer, at: now))]
    if let principal {
      if let tenant = principal.tenant {
        buckets.append((.tenant, limiter.bucket(.tenant, tenant.text, at: now)))
        buckets.append((.user, limiter.bucket(.user, "\(tenant)/\(principal.user)", at: now)))
      } else {
        buckets.append((.user, limiter.bucket(.user, "/\(principal.user)", at: now)))
      }
    }
    let made = RateAllowance(buckets)
    self.principal = principal
    self.limiter = limiter
    allowance = made
    return made
  }

  /// Counts an answer for its tenant.
  mutating func count(_ tenant: TenantID, _ status: Int, _ loop: LoopContext) {
    if countedTenant != tenant {
      countedTenant = tenant
      tenantCounters.removeAll(keepingCapacity: true)
    }
    let hundreds = status / 100
    if let counter = tenantCounters[hundreds] { return counter.increment() }
    let counter = loop.counters.tenants.counter(tenant.text, codeClass(status))
    tenantCounters[hundreds] = counter
    counter.increment()
  }
}
