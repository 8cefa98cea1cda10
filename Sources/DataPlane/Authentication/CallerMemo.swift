import ControlModel
import Identity

/// What a connection remembers of its last request, so that the next one looks nothing up.
struct CallerMemo {
  private var peer: PeerAddress?
  private var limiter: RateLimiter?
  private var sweeps = 0
  private var address: RateBucket?

  /// The bucket of the client's address.
  mutating func addressBucket(_ peer: PeerAddress, _ limiter: RateLimiter, at now: Int64) -> RateBucket {
    let sweeps = limiter.sweeps
    if let address, self.limiter === limiter, self.sweeps == sweeps, isSame(peer) { return address }
    let made = limiter.ip.bucket(peer.limitKey, at: now)
    self.peer = peer
    self.limiter = limiter
    self.sweeps = sweeps
    address = made
    return made
  }

  private func isSame(_ peer: PeerAddress) -> Bool {
    self.peer === peer || self.peer?.limitKey == peer.limitKey
  }
}
