/// Tokens that shall no longer be believed: `POST` and `DELETE /admin/revocations`. Exactly one of `jti`, `sid`, `sub` and
/// `tenant`, or `issuedBefore` alone for everyone's older tokens.
package struct RevocationRequest: Codable, Sendable {
  package var jti: String?
  package var sid: String?
  package var sub: String?
  package var tenant: String?
  /// RFC 3339; only tokens issued before it. Alone it means everyone.
  package var issuedBefore: String?
  package var reason: String?

  package static let members = ["jti", "sid", "sub", "tenant", "issuedBefore", "reason"]

  package init() {}
}

/// One revocation in force.
package struct RevocationItem: Codable, Sendable, Equatable {
  /// `jti`, `sid`, `sub`, `tenant` or `everyone`.
  package var kind: String
  package var name: String
  package var issuedBefore: String?
  package var reason: String
  package var by: String
  package var createdAt: String
  /// From here on every token it could match has expired by itself.
  package var expiresAt: String

  package init(
    kind: String, name: String, issuedBefore: String?, reason: String, by: String, createdAt: String, expiresAt: String
  ) {
    self.kind = kind
    self.name = name
    self.issuedBefore = issuedBefore
    self.reason = reason
    self.by = by
    self.createdAt = createdAt
    self.expiresAt = expiresAt
  }
}
