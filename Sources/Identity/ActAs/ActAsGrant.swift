package import ControlModel

/// Leave for one member of staff to act as one tenant for a while, with a reason.
package struct ActAsGrant: Sendable, Equatable {
  /// What a session may do.
  package enum Mode: String, Sendable, CaseIterable {
    /// Nothing changes.
    case read
    /// What the tenant's users may change.
    case write
  }

  /// `act_…`; the token's `jti`.
  package let id: String
  package let tenant: TenantID
  /// The member of staff: the `sub` of the token the session was asked for with.
  package let actor: String
  package let mode: Mode
  package let issuedAt: WallTime
  package let expiresAt: WallTime

  /// Longest session.
  package static let lifetimeSecondsMax: Int64 = 900

  package init(id: String, tenant: TenantID, actor: String, mode: Mode, issuedAt: WallTime, expiresAt: WallTime) {
    self.id = id
    self.tenant = tenant
    self.actor = actor
    self.mode = mode
    self.issuedAt = issuedAt
    self.expiresAt = expiresAt
  }
}

/// What a principal of an act-as session carries beside its tenant and its person.
public struct ActingAs: Sendable, Equatable {
  /// The session's id.
  public let session: String
  public let isReadOnly: Bool
  /// `X-Acting-As: <tenant>\r\n`, for every response.
  public let responseLine: [UInt8]
}
