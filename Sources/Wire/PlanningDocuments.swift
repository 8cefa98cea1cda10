/// A planned stop as asked for: scope and restriction as in a stop, and when.
package struct WindowRequest: Codable, Sendable {
  package var scope: String?
  package var tenant: String?
  package var profile: String?
  package var venue: String?
  package var symbol: String?
  package var level: String?
  package var cancel: String?
  package var reason: String?
  /// RFC 3339.
  package var startsAt: String?
  package var endsAt: String?
  /// `never`, `daily` or `weekly`, in UTC.
  package var repeats: String?

  package static let members = [
    "scope", "tenant", "profile", "venue", "symbol", "level", "cancel", "reason", "startsAt", "endsAt", "repeats",
  ]

  package init() {}

  /// The stop it plans.
  package var stop: ControlRequest {
    var request = ControlRequest()
    request.scope = scope
    request.tenant = tenant
    request.profile = profile
    request.venue = venue
    request.symbol = symbol
    request.level = level
    request.cancel = cancel
    request.reason = reason
    return request
  }
}

/// A planned stop, and where it stands.
package struct WindowItem: Codable, Sendable {
  package var id: String
  /// In words.
  package var scope: String
  package var tenant: String?
  package var profile: String?
  package var venue: String?
  package var symbol: String?
  package var level: String
  package var cancel: String
  package var reason: String
  package var startsAt: String
  package var endsAt: String
  package var repeats: String
  package var createdBy: String
  package var createdAt: String
  /// `planned`, `running` or `over`.
  package var state: String
  /// The occurrence that runs, or the next.
  package var from: String?
  package var until: String?
  package var begun: String?
  package var control: String?

  package init(
    id: String, scope: String, level: String, cancel: String, reason: String, startsAt: String, endsAt: String,
    repeats: String, createdBy: String, createdAt: String, state: String
  ) {
    self.id = id
    self.scope = scope
    self.level = level
    self.cancel = cancel
    self.reason = reason
    self.startsAt = startsAt
    self.endsAt = endsAt
    self.repeats = repeats
    self.createdBy = createdBy
    self.createdAt = createdAt
    self.state = state
  }
}

/// A drill as asked for.
package struct DrillRequest: Codable, Sendable {
  /// `preview`, `shadow` or `live`.
  package var kind: String?
  package var scope: String?
  package var tenant: String?
  package var profile: String?
  package var venue: String?
  package var symbol: String?
  package var level: String?
  package var reason: String?
  /// How long it watches, e.g. `5s`.
  package var watch: String?

  package static let members = ["kind", "scope", "tenant", "profile", "venue", "symbol", "level", "reason", "watch"]

  package init() {}

  /// The stop it rehearses.
  package var stop: ControlRequest {
    var request = ControlRequest()
    request.scope = scope ?? "global"
    request.tenant = tenant
    request.profile = profile
    request.venue = venue
    request.symbol = symbol
    request.level = level
    request.reason = reason ?? "drill: rehearsing a stop"
    return request
  }
}

/// How a drill went.
package struct DrillItem: Codable, Sendable {
  package struct Check: Codable, Sendable {
    package var name: String
    package var target: String
    package var measured: String
    package var met: Bool

    package init(name: String, target: String, measured: String, met: Bool) {
      self.name = name
      self.target = target
      self.measured = measured
      self.met = met
    }
  }

  package var id: String
  package var kind: String
  package var scope: String
  package var by: String
  package var startedAt: String
  package var endedAt: String
  /// Checks met, of all.
  package var met: Int
  package var of: Int
  package var passed: Bool
  package var checks: [Check]
  /// Orders it would have refused, or did.
  package var wouldRefuse: Int?
  package var control: String?
  /// The release of a live drill's stop, waiting for another admin.
  package var approval: String?

  package init(
    id: String, kind: String, scope: String, by: String, startedAt: String, endedAt: String, met: Int, of: Int,
    passed: Bool, checks: [Check], wouldRefuse: Int?, control: String?, approval: String?
  ) {
    self.id = id
    self.kind = kind
    self.scope = scope
    self.by = by
    self.startedAt = startedAt
    self.endedAt = endedAt
    self.met = met
    self.of = of
    self.passed = passed
    self.checks = checks
    self.wouldRefuse = wouldRefuse
    self.control = control
    self.approval = approval
  }
}
