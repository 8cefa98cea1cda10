/// The bucket of the client's address, which a connection keeps from request to request.
struct AddressMemo {
  private var peer: PeerAddress?
  private var limiter: RateLimiter?
  private var sweeps = 0
  private var known: RateBucket?
  /// What nobody in particular may do from there, for the class last asked for.
  private var anonymous: (ofClass: TrafficClass, RateAllowance)?

  mutating func bucket(_ peer: PeerAddress, _ limiter: RateLimiter, at now: Int64) -> RateBucket {
    let sweeps = limiter.sweeps
    if let known, self.limiter === limiter, self.sweeps == sweeps, isSame(peer) { return known }
    let found = limiter.ip.bucket(peer.limitKey, at: now)
    self.peer = peer
    self.limiter = limiter
    self.sweeps = sweeps
    known = found
    anonymous = nil
    return found
  }

  /// - Parameter bucket: what `bucket` has just returned.
  mutating func allowance(
    from bucket: RateBucket, _ limiter: RateLimiter, class trafficClass: TrafficClass
  ) -> RateAllowance {
    if let (ofClass, allowance) = anonymous, ofClass == trafficClass { return allowance }
    let made = limiter.allowance(ip: bucket, class: trafficClass)
    anonymous = (trafficClass, made)
    return made
  }

  private func isSame(_ peer: PeerAddress) -> Bool {
    self.peer === peer || self.peer?.limitKey == peer.limitKey
  }
}
