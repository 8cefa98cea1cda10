/// What became of an alert that calls for containment.
package struct AutomaticItem: Codable, Sendable {
  package struct Unmet: Codable, Sendable {
    package var rail: String
    package var detail: String

    package init(rail: String, detail: String) {
      self.rail = rail
      self.detail = detail
    }
  }

  package struct Input: Codable, Sendable {
    package struct Point: Codable, Sendable {
      package var at: Int64
      /// As text: JSON has no NaN.
      package var value: String

      package init(at: Int64, value: String) {
        self.at = at
        self.value = value
      }
    }

    package var series: String
    package var points: [Point]

    package init(series: String, points: [Point]) {
      self.series = series
      self.points = points
    }
  }

  package var id: String
  package var at: String
  package var alert: String
  package var fingerprint: String
  package var summary: String
  /// `shadow`, `propose` or `auto`.
  package var mode: String
  /// `global_halt`, `tenant_disable` or `profile_disable`.
  package var action: String
  package var scope: String?
  package var tenant: String?
  package var profile: String?
  /// `shadow`, `proposed`, `acted`, `already_stopped`, `accepted`, `dismissed` or `lapsed`.
  package var outcome: String
  package var unmet: [Unmet]
  package var rule: String
  package var expression: String
  package var value: String
  package var inputs: [Input]
  package var exemplars: [String]
  /// A proposal waits until then, and how long that is from now.
  package var expiresAt: String?
  package var secondsLeft: Int?
  package var control: String?
  package var decidedBy: String?
  package var decidedAt: String?
  package var reason: String?
  /// The one command that undoes it.
  package var undo: String?

  package init(
    id: String, at: String, alert: String, fingerprint: String, summary: String, mode: String, action: String,
    outcome: String, unmet: [Unmet], rule: String, expression: String, value: String, inputs: [Input],
    exemplars: [String]
  ) {
    self.id = id
    self.at = at
    self.alert = alert
    self.fingerprint = fingerprint
    self.summary = summary
    self.mode = mode
    self.action = action
    self.outcome = outcome
    self.unmet = unmet
    self.rule = rule
    self.expression = expression
    self.value = value
    self.inputs = inputs
    self.exemplars = exemplars
  }
}

/// A decision on a proposal. A scope is given only when the alert names none, or to stop less.
package struct ProposalRequest: Codable, Sendable {
  package var scope: String?
  package var tenant: String?
  package var profile: String?
  package var reason: String?

  package static let members = ["scope", "tenant", "profile", "reason"]

  package init(reason: String? = nil) {
    self.reason = reason
  }
}
