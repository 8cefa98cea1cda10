import ControlModel
import Identity

/// What a connection remembers of its last caller, so that the next request of the same caller looks nothing up.
struct CallerMemo {
  private var peer: PeerAddress?
  private var principal: Principal?
  private var limiter: RateLimiter?
  private var address: RateBucket?
  private var allowance: RateAllowance?

  /// The bucket of the client's address.
  mutating func addressBucket(_ peer: PeerAddress, _ limiter: RateLimiter, at now: Int64) -> RateBucket {
    if let address, self.limiter === limiter, isSame(peer) { return address }
    let made = limiter.ip.bucket(peer.limitKey, at: now)
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
    let made =
      if let principal, let tenant = principal.tenant {
        limiter.allowance(ip: address, tenant: tenant.text, user: principal.user.text, at: now)
      } else {
        limiter.allowance(ip: address, user: principal?.user.text, at: now)
      }
    self.principal = principal
    allowance = made
    return made
  }

  private func isSame(_ peer: PeerAddress) -> Bool {
    self.peer === peer || self.peer?.limitKey == peer.limitKey
  }
}
