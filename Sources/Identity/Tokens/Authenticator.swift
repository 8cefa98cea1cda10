// public: called once per request by another target's event loops.

public import ControlModel

/// The one way a bearer token becomes a principal: remembered, else verified, and in either case neither expired nor
/// revoked. Belongs to one event loop.
public final class Authenticator {
  package let verifier: TokenVerifier
  private let revocations: RevocationStore
  /// For its figures, from the same event loop.
  public let cache: VerifiedTokenCache

  /// - Parameter cacheBytesMax: see `VerifiedTokenCache`.
  /// - Parameter seed: random, one per event loop.
  package init(_ verifier: TokenVerifier, revocations: RevocationStore, cacheBytesMax: Int, seed: UInt64) {
    self.verifier = verifier
    self.revocations = revocations
    cache = VerifiedTokenCache(
      keys: verifier.keys, revocations: revocations, bytesMax: cacheBytesMax, seed: seed)
  }

  /// Refuses with `auth.*` or `tenant.missing`. On `auth.unknown_key` the caller may ask `KeyRefresher` whether a fetch
  /// can help and try once more.
  ///
  /// - Parameter token: the credentials of `Authorization: Bearer`, nothing else around them.
  public func principal(for token: Span<UInt8>, at now: WallTime) throws(Refusal) -> Principal {
    if let principal = try cache.principal(for: token, at: now) { return principal }
    let keys = verifier.keys.current
    let epoch = revocations.epoch
    let principal = try verifier.verify(token, at: now, keys)
    try revocations.check(principal)
    cache.insert(token, principal, keyGeneration: keys.generation, revocationEpoch: epoch)
    return principal
  }
}
