/// The bucket of the client's address, which a connection keeps from request to request.
struct AddressMemo {
  private var peer: PeerAddress?
  private var limiter: RateLimiter?
  private var sweeps = 0
  private var known: RateBucket?

  mutating func bucket(_ peer: PeerAddress, _ limiter: RateLimiter, at now: Int64) -> RateBucket {
    let sweeps = limiter.sweeps
    if let known, self.limiter === limiter, self.sweeps == sweeps, isSame(peer) { return known }
    let found = limiter.ip.bucket(peer.limitKey, at: now)
    self.peer = peer
    self.limiter = limiter
    self.sweeps = sweeps
    known = found
    return found
  }

  private func isSame(_ peer: PeerAddress) -> Bool {
    self.peer === peer || self.peer?.limitKey == peer.limitKey
  }
}
