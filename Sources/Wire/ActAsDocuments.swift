/// `POST /admin/act-as`: leave to act as a tenant.
package struct ActAsRequest: Codable, Sendable {
  package var tenant: String?
  package var reason: String?
  /// `15m`, or seconds as a number.
  package var ttl: Lifetime?
  /// `read` (the default) or `write`.
  package var mode: String?

  package static let members = ["tenant", "reason", "ttl", "mode"]

  package init() {}

  /// A duration, spelled either way.
  package struct Lifetime: Codable, Sendable {
    package var text: String

    package init(_ text: String) { self.text = text }

    package init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let seconds = try? container.decode(Int.self) {
        text = "\(seconds)s"
      } else {
        text = try container.decode(String.self)
      }
    }

    package func encode(to encoder: any Encoder) throws {
      var container = encoder.singleValueContainer()
      try container.encode(text)
    }
  }
}

/// One session in which a member of staff acts, or acted, as a tenant.
package struct ActAsItem: Codable, Sendable, Equatable {
  package var id: String
  package var tenant: String
  package var actor: String
  package var mode: String
  package var reason: String
  package var createdAt: String
  package var expiresAt: String
  package var endedAt: String?
  package var endedBy: String?
  package var isActive: Bool

  package init(
    id: String, tenant: String, actor: String, mode: String, reason: String, createdAt: String, expiresAt: String,
    endedAt: String?, endedBy: String?, isActive: Bool
  ) {
    self.id = id
    self.tenant = tenant
    self.actor = actor
    self.mode = mode
    self.reason = reason
    self.createdAt = createdAt
    self.expiresAt = expiresAt
    self.endedAt = endedAt
    self.endedBy = endedBy
    self.isActive = isActive
  }
}

/// A session just begun, with its token: shown once and kept nowhere.
package struct ActAsAnswer: Codable, Sendable {
  package var session: ActAsItem
  package var token: String
  package var tokenType: String

  package init(session: ActAsItem, token: String) {
    self.session = session
    self.token = token
    tokenType = "Bearer"
  }
}
