package import ControlModel

/// How a drill went: what was measured against what it should be.
package struct DrillReport: Sendable, Equatable {
  package enum Kind: String, Sendable, CaseIterable {
    /// What a stop would reach.
    case preview
    /// The stop's own path, with nothing stopped.
    case shadow
    /// A real stop, at a paper venue only.
    case live
  }

  /// One thing measured.
  package struct Check: Sendable, Equatable {
    package let name: String
    package let target: String
    package let measured: String
    package let isMet: Bool

    package init(_ name: String, target: String, measured: String, isMet: Bool) {
      self.name = name
      self.target = target
      self.measured = measured
      self.isMet = isMet
    }
  }

  package let id: String
  package let kind: Kind
  package let scope: ControlScope
  package let by: String
  package let startedAt: WallTime
  package var endedAt: WallTime
  package var checks: [Check] = []
  package var wouldRefuse: Int?
  /// Of a live drill: its stop, and the release that was asked for.
  package var control: ControlID?
  package var approval: ApprovalID?

  package init(id: String, kind: Kind, scope: ControlScope, by: String, startedAt: WallTime) {
    self.id = id
    self.kind = kind
    self.scope = scope
    self.by = by
    self.startedAt = startedAt
    endedAt = startedAt
  }

  package var met: Int { checks.count(where: \.isMet) }
  package var isPassed: Bool { met == checks.count }
}
