/// Where notifications go, and in whose format.
package struct Receiver: Sendable, Equatable {
  package enum Kind: Sendable, Equatable {
    /// Alertmanager's webhook payload, version 4.
    case webhook(url: String)
    /// An incoming webhook that takes Slack's messages.
    case slack(url: String)
    /// PagerDuty's Events API v2.
    case pagerDuty(url: String, routingKey: String)
    case email(Mailbox)
    /// A real Alertmanager: it is told of every alert over and over, and does its own routing.
    case alertmanager(url: String)
  }

  /// A mail server and what to tell it.
  package struct Mailbox: Sendable, Equatable {
    package enum Security: String, Sendable, CaseIterable {
      case off
      /// STARTTLS when it is offered.
      case offered
      /// STARTTLS or nothing.
      case required
    }

    package var host: String
    package var port: Int
    package var from: String
    package var to: [String]
    package var security: Security
    package var username: String?
    package var password: String?
    /// PEM certificates to trust instead of the system's.
    package var caFile: String?

    package init(
      host: String, port: Int, from: String, to: [String], security: Security = .offered, username: String? = nil,
      password: String? = nil, caFile: String? = nil
    ) {
      self.host = host
      self.port = port
      self.from = from
      self.to = to
      self.security = security
      self.username = username
      self.password = password
      self.caFile = caFile
    }
  }

  package let name: String
  package let kind: Kind
  /// Whether it is told when an alert ends.
  package let sendsResolved: Bool
  /// Who gets a message that this one could not be given for a minute.
  package let fallback: String?

  package static let countMax = 20

  package init(name: String, kind: Kind, sendsResolved: Bool = true, fallback: String? = nil) {
    self.name = name
    self.kind = kind
    self.sendsResolved = sendsResolved
    self.fallback = fallback
  }

  package init(name: String, webhook: String) { self.init(name: name, kind: .webhook(url: webhook)) }

  /// Whether it is sent messages; an Alertmanager is sent the state instead.
  package var takesMessages: Bool {
    if case .alertmanager = kind { false } else { true }
  }

  package var kindName: String {
    switch kind {
    case .webhook: "webhook"
    case .slack: "slack"
    case .pagerDuty: "pagerduty"
    case .email: "email"
    case .alertmanager: "alertmanager"
    }
  }

  /// Where it is, without what may be secret in the address.
  package var place: String {
    switch kind {
    case .webhook(let url), .slack(let url), .pagerDuty(let url, _), .alertmanager(let url):
      Self.origin(of: url)
    case .email(let mailbox): mailbox.to.joined(separator: ", ")
    }
  }

  /// Scheme and host: the path may be a password, and so may a query and what stands before an `@`.
  private static func origin(of url: String) -> String {
    let parts = url.split(separator: "/", omittingEmptySubsequences: true)
    guard parts.count > 1 else { return parts.joined() }
    let authority = parts[1].prefix { $0 != "?" && $0 != "#" }
    return parts[0] + "//" + authority.split(separator: "@").suffix(1).joined()
  }
}
