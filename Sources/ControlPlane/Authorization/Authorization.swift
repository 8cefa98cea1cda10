package import ControlModel
package import Identity

/// A stop someone was found entitled to order. Only `Authorizer` makes one, so holding it is the proof.
package struct AuthorizedStop: Sendable {
  package let draft: ControlDraft
  package let actor: String
  package let origin: ControlOrigin
  package let requestID: RequestID

  fileprivate init(draft: ControlDraft, actor: String, origin: ControlOrigin, requestID: RequestID) {
    self.draft = draft
    self.actor = actor
    self.origin = origin
    self.requestID = requestID
  }
}

/// Someone entitled to release controls, or to decide on a release.
package struct AuthorizedAdmin: Sendable {
  package let actor: String
  package let requestID: RequestID

  fileprivate init(actor: String, requestID: RequestID) {
    self.actor = actor
    self.requestID = requestID
  }
}

/// Who may order what. Stopping needs one person on call; starting again needs an admin, and then another.
package enum Authorizer {
  package static let stopRoles: Set<Role> = [.operator, .admin]
  package static let releaseRoles: Set<Role> = [.admin]

  /// Refuses `access.denied` by role and `request.invalid` by content. Nothing else may stand in front of a stop.
  package static func stop(
    _ draft: ControlDraft, by principal: Principal, requestID: RequestID
  ) throws(Refusal) -> AuthorizedStop {
    guard stopRoles.contains(principal.role) else {
      throw Refusal(
        .accessDenied, "Stopping trading needs the role operator or admin; your token says \(principal.role.rawValue).")
    }
    return AuthorizedStop(
      draft: try draft.validated(), actor: principal.subject, origin: .human, requestID: requestID)
  }

  /// A stop by a user of this machine, let in by the owner of the data directory's socket. Refuses `request.invalid`.
  package static func local(_ draft: ControlDraft, uid: UInt32, requestID: RequestID) throws(Refusal) -> AuthorizedStop
  {
    AuthorizedStop(draft: try draft.validated(), actor: "local:uid=\(uid)", origin: .human, requestID: requestID)
  }

  /// A stop by a rule that passed every guard rail. Only `AutomaticControls` asks. Refuses `request.invalid`.
  static func automatic(
    _ draft: ControlDraft, rule: String, fingerprint: String, requestID: RequestID
  ) throws(Refusal) -> AuthorizedStop {
    AuthorizedStop(
      draft: try draft.validated(), actor: rule, origin: .alert(fingerprint: fingerprint), requestID: requestID)
  }

  /// A stop a person accepted that an alert proposed. Refuses as `stop` does.
  package static func proposed(
    _ draft: ControlDraft, fingerprint: String, by principal: Principal, requestID: RequestID
  ) throws(Refusal) -> AuthorizedStop {
    let stop = try stop(draft, by: principal, requestID: requestID)
    return AuthorizedStop(
      draft: stop.draft, actor: stop.actor, origin: .alert(fingerprint: fingerprint), requestID: requestID)
  }

  /// A stop that was planned for now, or that a drill imposes. Refuses `request.invalid`.
  static func planned(
    _ draft: ControlDraft, actor: String, origin: ControlOrigin, requestID: RequestID
  ) throws(Refusal) -> AuthorizedStop {
    AuthorizedStop(draft: try draft.validated(), actor: actor, origin: origin, requestID: requestID)
  }

  /// Asks for the end of a planned stop or a drill in the name of who planned it. Only where a second admin must approve, so
  /// that asking is all it can do.
  static func planner(_ actor: String, requestID: RequestID) -> AuthorizedAdmin {
    AuthorizedAdmin(actor: actor, requestID: requestID)
  }

  /// A release or a decision on one. Refuses `access.denied` by role.
  package static func admin(_ principal: Principal, requestID: RequestID) throws(Refusal) -> AuthorizedAdmin {
    guard releaseRoles.contains(principal.role) else {
      throw Refusal(
        .accessDenied, "Starting trading again needs the role admin; your token says \(principal.role.rawValue).")
    }
    return AuthorizedAdmin(actor: principal.subject, requestID: requestID)
  }
}
