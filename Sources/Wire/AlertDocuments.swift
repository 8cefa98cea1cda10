/// A silence: who mutes what, why, until when.
package struct SilenceItem: Codable, Sendable {
  package var id: String
  package var state: String
  /// Each with its value quoted: `severity="warning"`.
  package var matchers: [String]
  package var reason: String
  package var createdBy: String
  package var createdAt: String
  package var startsAt: String
  package var endsAt: String
  package var endsWithAlert: Bool
  /// Milliseconds until it ends; 0 when it has.
  package var remainingMs: Int64
  /// It ends within ten minutes.
  package var isExpiring: Bool
  /// Active alerts it mutes now.
  package var muting: [SilencedAlert]

  package init(
    id: String, state: String, matchers: [String], reason: String, createdBy: String, createdAt: String,
    startsAt: String, endsAt: String, endsWithAlert: Bool, remainingMs: Int64, isExpiring: Bool,
    muting: [SilencedAlert]
  ) {
    self.id = id
    self.state = state
    self.matchers = matchers
    self.reason = reason
    self.createdBy = createdBy
    self.createdAt = createdAt
    self.startsAt = startsAt
    self.endsAt = endsAt
    self.endsWithAlert = endsWithAlert
    self.remainingMs = remainingMs
    self.isExpiring = isExpiring
    self.muting = muting
  }
}

/// An alert a silence reaches.
package struct SilencedAlert: Codable, Sendable {
  package var fingerprint: String
  package var name: String
  package var severity: String
  package var state: String
  package var summary: String

  package init(fingerprint: String, name: String, severity: String, state: String, summary: String) {
    self.fingerprint = fingerprint
    self.name = name
    self.severity = severity
    self.state = state
    self.summary = summary
  }
}

/// What a silence would mute, before it exists.
package struct SilencePreview: Codable, Sendable {
  package var matchers: [String]
  /// Active alerts it would mute.
  package var alerts: [SilencedAlert]
  /// Active alerts that match and are told all the same: the watchdog, and alerts that act by themselves.
  package var neverMuted: [SilencedAlert]
  package var activeAlerts: Int

  package init(matchers: [String], alerts: [SilencedAlert], neverMuted: [SilencedAlert], activeAlerts: Int) {
    self.matchers = matchers
    self.alerts = alerts
    self.neverMuted = neverMuted
    self.activeAlerts = activeAlerts
  }
}

/// Making a silence. It ends at `endsAt` or after `duration`; one of them is required.
package struct SilenceRequest: Codable, Sendable {
  package var matchers: [MatcherText]?
  package var reason: String?
  package var startsAt: String?
  package var endsAt: String?
  package var duration: String?
  package var endsWithAlert: Bool?

  package static let members = ["matchers", "reason", "startsAt", "endsAt", "duration", "endsWithAlert"]

  package init(
    matchers: [MatcherText]?, reason: String?, startsAt: String? = nil, endsAt: String? = nil, duration: String? = nil,
    endsWithAlert: Bool? = nil
  ) {
    self.matchers = matchers
    self.reason = reason
    self.startsAt = startsAt
    self.endsAt = endsAt
    self.duration = duration
    self.endsWithAlert = endsWithAlert
  }
}

/// One condition: text, or Alertmanager's object of name, value, isRegex and isEqual.
package struct MatcherText: Codable, Sendable {
  package var text: String

  package init(_ text: String) {
    self.text = text
  }

  private struct Parts: Decodable {
    let name: String
    let value: String
    let isRegex: Bool?
    let isEqual: Bool?
  }

  package init(from decoder: any Decoder) throws {
    if let text = try? decoder.singleValueContainer().decode(String.self) {
      self.text = text
      return
    }
    let parts = try Parts(from: decoder)
    let operation =
      (parts.isEqual ?? true ? "=" : "!") + (parts.isRegex ?? false ? "~" : parts.isEqual ?? true ? "" : "=")
    let value = parts.value.map { character in
      switch character {
      case "\\": "\\\\"
      case "\"": "\\\""
      case "\n": "\\n"
      default: String(character)
      }
    }.joined()
    text = "\(parts.name)\(operation)\"\(value)\""
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(text)
  }
}

/// Naming a silence to end.
package struct SilenceEndRequest: Codable, Sendable {
  package var id: String?

  package static let members = ["id"]

  package init(id: String?) {
    self.id = id
  }
}

/// One message to one receiver, from the ledger.
package struct NotificationItem: Codable, Sendable {
  package var id: Int64
  /// The same for every attempt; sent as `Idempotency-Key`.
  package var key: String
  package var receiver: String
  package var status: String
  package var cause: String
  package var decidedAt: String
  package var finishedAt: String?
  package var attempts: Int
  package var error: String?
  package var groupKey: String
  package var alerts: [Alert]

  package struct Alert: Codable, Sendable {
    package var fingerprint: String
    package var name: String
    package var severity: String
    package var status: String
    package var summary: String

    package init(fingerprint: String, name: String, severity: String, status: String, summary: String) {
      self.fingerprint = fingerprint
      self.name = name
      self.severity = severity
      self.status = status
      self.summary = summary
    }
  }

  package init(
    id: Int64, key: String, receiver: String, status: String, cause: String, decidedAt: String, finishedAt: String?,
    attempts: Int, error: String?, groupKey: String, alerts: [Alert]
  ) {
    self.id = id
    self.key = key
    self.receiver = receiver
    self.status = status
    self.cause = cause
    self.decidedAt = decidedAt
    self.finishedAt = finishedAt
    self.attempts = attempts
    self.error = error
    self.groupKey = groupKey
    self.alerts = alerts
  }
}

/// Something that happened to an alert.
package struct AlertHistoryItem: Codable, Sendable {
  package var id: Int64
  package var at: String
  package var fingerprint: String
  package var name: String
  package var severity: String
  package var what: String
  package var value: String
  package var labels: [String: String]
  package var summary: String
  package var actor: String?
  package var note: String?

  package init(
    id: Int64, at: String, fingerprint: String, name: String, severity: String, what: String, value: String,
    labels: [String: String], summary: String, actor: String?, note: String?
  ) {
    self.id = id
    self.at = at
    self.fingerprint = fingerprint
    self.name = name
    self.severity = severity
    self.what = what
    self.value = value
    self.labels = labels
    self.summary = summary
    self.actor = actor
    self.note = note
  }
}

/// A receiver as people may see it: no address that is a secret.
package struct ReceiverItem: Codable, Sendable {
  package var name: String
  package var kind: String
  package var place: String
  package var fallback: String?
  package var sendsResolved: Bool

  package init(name: String, kind: String, place: String, fallback: String?, sendsResolved: Bool) {
    self.name = name
    self.kind = kind
    self.place = place
    self.fallback = fallback
    self.sendsResolved = sendsResolved
  }
}

/// Asking where an alert with these labels would go, and when.
package struct RouteTestRequest: Codable, Sendable {
  package var labels: [String: String]?
  /// When; now if absent.
  package var at: String?

  package static let members = ["labels", "at"]

  package init(labels: [String: String]?, at: String? = nil) {
    self.labels = labels
    self.at = at
  }
}

/// Where an alert would go.
package struct RouteTestDocument: Codable, Sendable {
  package var labels: [String: String]
  /// In the order of the tree.
  package var routes: [Route]
  /// Silences that would mute it now.
  package var silences: [String]
  /// Alerts that fire now and would inhibit it.
  package var inhibitedBy: [String]
  /// Whether somebody would be told.
  package var isTold: Bool

  package struct Route: Codable, Sendable {
    package var route: String
    package var receivers: [String]
    package var groupBy: [String]
    package var groupWait: String
    package var groupInterval: String
    package var repeatInterval: String
    /// Whether the route's times let it through.
    package var isOpen: Bool

    package init(
      route: String, receivers: [String], groupBy: [String], groupWait: String, groupInterval: String,
      repeatInterval: String, isOpen: Bool
    ) {
      self.route = route
      self.receivers = receivers
      self.groupBy = groupBy
      self.groupWait = groupWait
      self.groupInterval = groupInterval
      self.repeatInterval = repeatInterval
      self.isOpen = isOpen
    }
  }

  package init(
    labels: [String: String], routes: [Route], silences: [String], inhibitedBy: [String], isTold: Bool
  ) {
    self.labels = labels
    self.routes = routes
    self.silences = silences
    self.inhibitedBy = inhibitedBy
    self.isTold = isTold
  }
}

/// A word about an alert.
package struct CommentRequest: Codable, Sendable {
  package var comment: String?

  package static let members = ["comment"]

  package init(comment: String?) {
    self.comment = comment
  }
}
