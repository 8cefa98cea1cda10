/// One restriction, from the moment it is imposed until its release. A control only ever restricts: there is no "allow"
/// control, so losing, repeating or reordering controls can only tighten.
package struct Control: Hashable, Sendable {
  package let id: ControlID
  package let scope: ControlScope
  package let kind: ControlKind
  package let level: ControlLevel
  package let cancel: CancelMode
  package let reason: String
  package let ticket: String?
  package let actor: String
  package let origin: ControlOrigin
  package let createdAt: WallTime
  /// The state's epoch after this control was imposed.
  package let epoch: Epoch
  /// When someone must look at it again. A control never expires by itself; passing this time pages.
  package let reviewBy: WallTime
  package let requestID: RequestID

  package init(
    id: ControlID, scope: ControlScope, kind: ControlKind, level: ControlLevel, cancel: CancelMode, reason: String,
    ticket: String?, actor: String, origin: ControlOrigin, createdAt: WallTime, epoch: Epoch, reviewBy: WallTime,
    requestID: RequestID
  ) {
    self.id = id
    self.scope = scope
    self.kind = kind
    self.level = level
    self.cancel = cancel
    self.reason = reason
    self.ticket = ticket
    self.actor = actor
    self.origin = origin
    self.createdAt = createdAt
    self.epoch = epoch
    self.reviewBy = reviewBy
    self.requestID = requestID
  }

  /// Shortest reason a stop is accepted with, in characters.
  package static let reasonLengthMin = 10
  /// Longest reason kept, in characters: it is shown whole in pages, receipts and log lines.
  package static let reasonLengthMax = 500
  /// Most bytes of a reason: room for the longest in four-byte characters.
  package static let reasonBytesMax = 4 * reasonLengthMax
  /// Longest ticket, in bytes.
  package static let ticketBytesMax = 64
  /// Shortest reason for one person releasing alone.
  package static let breakGlassReasonLengthMin = 20
}

/// Why the control exists: an emergency or an administrative decision.
package enum ControlKind: String, CaseIterable, Sendable {
  /// Stops orders of its scope.
  case halt
  /// Stops orders of a tenant or profile, and refuses that scope's trading mutations on REST too.
  case disable
}

/// What happens to orders already working at the venue, after the gate is sealed.
package enum CancelMode: String, CaseIterable, Sendable {
  case none
  /// Cancel orders that open exposure; protective stops stay.
  case entries
  case all
}

/// Who caused a control.
package enum ControlOrigin: Hashable, Sendable, CustomStringConvertible {
  case human
  case alert(fingerprint: String)
  case platform
  case lease
  case drill

  package var description: String {
    switch self {
    case .human: "human"
    case .alert(let fingerprint): "alert:\(fingerprint)"
    case .platform: "platform"
    case .lease: "lease"
    case .drill: "drill"
    }
  }

  package init?(_ text: String) {
    switch text {
    case "human": self = .human
    case "platform": self = .platform
    case "lease": self = .lease
    case "drill": self = .drill
    default:
      guard text.hasPrefix("alert:"), text.utf8.count > 6 else { return nil }
      self = .alert(fingerprint: String(text.dropFirst(6)))
    }
  }
}
