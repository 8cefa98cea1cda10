/// A stop as asked for, before it has an id, an epoch and an actor.
package struct ControlDraft: Hashable, Sendable {
  package var scope: ControlScope
  package var kind: ControlKind
  package var level: ControlLevel
  package var cancel: CancelMode
  package var reason: String
  package var ticket: String?
  package var reviewAfterMilliseconds: Int64?
  /// Also close the scope's positions, once a second person has approved that.
  package var flatten: Bool

  package init(
    scope: ControlScope, kind: ControlKind = .halt, level: ControlLevel = .halted, cancel: CancelMode = .entries,
    reason: String, ticket: String? = nil, reviewAfterMilliseconds: Int64? = nil, flatten: Bool = false
  ) {
    self.scope = scope
    self.kind = kind
    self.level = level
    self.cancel = cancel
    self.reason = reason
    self.ticket = ticket
    self.reviewAfterMilliseconds = reviewAfterMilliseconds
    self.flatten = flatten
  }

  /// The draft with its reason on one line. Refuses `request.invalid`, naming every wrong field: a reason too short or long, a control that restricts nothing,
  /// a disable without a tenant.
  package func validated() throws(Refusal) -> ControlDraft {
    var problems: [FieldProblem] = []
    if let problem = Self.reasonProblem(reason, atLeast: Control.reasonLengthMin) { problems.append(problem) }
    if level == .active { problems.append(FieldProblem("level", "is reduceOnly or halted; a control only restricts")) }
    if kind == .disable, scope.tenant == nil || scope.venue != nil || scope.symbol != nil {
      problems.append(FieldProblem("scope", "a disable names a tenant, or a tenant and a profile"))
    }
    if let ticket,
      !(1...Control.ticketBytesMax).contains(ticket.utf8.count) || !ticket.utf8.allSatisfy({ 0x20...0x7e ~= $0 })
    {
      problems.append(FieldProblem("ticket", "has 1 to \(Control.ticketBytesMax) printable ASCII characters"))
    }
    if let review = reviewAfterMilliseconds, !(60_000...604_800_000).contains(review) {
      problems.append(FieldProblem("reviewAfter", "is between 1m and 7d"))
    }
    guard problems.isEmpty else {
      let sentence = problems.map { "\($0.field) \($0.problem)" }.joined(separator: "; ")
      throw Refusal(.requestInvalid, "The stop was not applied: \(sentence).", fields: problems)
    }
    var draft = self
    draft.reason = Self.oneLine(reason)
    return draft
  }

  /// What is wrong with a reason given for a control change; nil when it is acceptable. Its length is counted without
  /// white space at the ends, and its bytes are bounded too: one character may be made of thousands of them.
  package static func reasonProblem(_ reason: String, atLeast minimum: Int) -> FieldProblem? {
    let trimmed = reason.drop(while: \.isWhitespace)
    let length = trimmed.count - trimmed.reversed().prefix(while: \.isWhitespace).count
    guard length >= minimum, length <= Control.reasonLengthMax, reason.utf8.count <= Control.reasonBytesMax else {
      return FieldProblem("reason", "needs \(minimum) to \(Control.reasonLengthMax) characters and has \(length)")
    }
    return nil
  }

  /// A reason as it is kept: a stop is not refused for a line break, but what is kept is shown in terminals and logs, so
  /// control characters become spaces.
  package static func oneLine(_ reason: String) -> String {
    var line = ""
    for scalar in reason.unicodeScalars {
      line.unicodeScalars.append(scalar.properties.generalCategory == .control ? " " : scalar)
    }
    return line
  }
}
