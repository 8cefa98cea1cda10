import ControlModel
import Identity
import Telemetry

/// What a connection remembers of its last caller, so that the next request of the same caller looks nothing up.
struct CallerMemo {
  private var peer: PeerAddress?
  private var principal: Principal?
  private var limiter: RateLimiter?
  private var address: RateBucket?
  private var allowance: RateAllowance?
  private var countedTenant: TenantID?
  private var tenantCounters: [Int: Counter] = [:]

  /// The bucket of the client's address.
  mutating func addressBucket(_ peer: PeerAddress, _ limiter: RateLimiter, at now: Int64) -> RateBucket {
    if let address, self.limiter === limiter, isSame(peer) { return address }
    let made = limiter.bucket(.ip, peer.limitKey, at: now)
    self.peer = peer
    self.limiter = limiter
    address = made
    allowance = nil
    return made
  }

  /// The buckets this caller draws from on this connection.
  mutating func allowance(
    for principal: Principal?, _ peer: PeerAddress, _ limiter: RateLimiter, at now: Int64
  ) -> RateAllowance {
    let address = addressBucket(peer, limiter, at: now)
    if let allowance, self.principal === principal { return allowance }
    var buckets = [(RateScope.ip, address)]
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
    allowance = made
    return made
  }

  private func isSame(_ peer: PeerAddress) -> Bool {
    self.peer === peer || self.peer?.limitKey == peer.limitKey
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
