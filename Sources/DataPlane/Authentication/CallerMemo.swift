import ControlModel
import Identity

/// What a connection remembers of its last caller, so that the next request of the same caller looks nothing up.
struct CallerMemo {
  private var peer: PeerAddress?
  private var principal: Principal?
  private var limiter: RateLimiter?
  private var address: RateBucket?
  /// By class.
  private var allowances: [RateAllowance?] = []
  private var slots: Slots?
  private var share: TenantShare?
  private var shareOwner: Principal?

  /// The caller's tenant's share of the requests in flight at one place.
  mutating func share(of slots: Slots, _ principal: Principal?) -> TenantShare {
    if let share, self.slots === slots, shareOwner === principal { return share }
    let found = slots.share(of: principal?.tenant)
    self.slots = slots
    share = found
    shareOwner = principal
    return found
  }

  /// The bucket of the client's address.
  mutating func addressBucket(_ peer: PeerAddress, _ limiter: RateLimiter, at now: Int64) -> RateBucket {
    if let address, self.limiter === limiter, isSame(peer) { return address }
    let made = limiter.ip.bucket(peer.limitKey, at: now)
    self.peer = peer
    self.limiter = limiter
    address = made
    allowances.removeAll(keepingCapacity: true)
    return made
  }

  /// The buckets this caller draws from on this connection for a class.
  mutating func allowance(
    for principal: Principal?, _ trafficClass: TrafficClass, _ peer: PeerAddress, _ limiter: RateLimiter, at now: Int64
  ) -> RateAllowance {
    let address = addressBucket(peer, limiter, at: now)
    let index = trafficClass.index
    if self.principal !== principal || allowances.isEmpty {
      self.principal = principal
      allowances = Array(repeating: nil, count: TrafficClass.allCases.count)
    } else if let allowance = allowances[index] {
      return allowance
    }
    let made =
      if let principal, let tenant = principal.tenant {
        limiter.allowance(
          ip: address, tenant: tenant.text, user: principal.user.text, class: trafficClass, at: now)
      } else {
        limiter.allowance(ip: address, user: principal?.user.text, class: trafficClass, at: now)
      }
    allowances[index] = made
    return made
  }

  private func isSame(_ peer: PeerAddress) -> Bool {
    self.peer === peer || self.peer?.limitKey == peer.limitKey
  }
}
