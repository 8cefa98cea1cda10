package import ControlModel

/// A stop by the calendar: maintenance, a release of the backend, a market holiday. It begins by itself; it is over when a
/// second admin says so.
package struct PlannedStop: Sendable, Equatable {
  package enum Repeat: String, Sendable, CaseIterable {
    case never, daily, weekly

    var milliseconds: Int64? {
      switch self {
      case .never: nil
      case .daily: 86_400_000
      case .weekly: 604_800_000
      }
    }
  }

  package let id: String
  package let scope: ControlScope
  package let level: ControlLevel
  package let cancel: CancelMode
  package let reason: String
  package let startsAt: WallTime
  package let endsAt: WallTime
  package let repeats: Repeat
  package let createdBy: String
  package let createdAt: WallTime
  /// When its newest occurrence began, by the calendar; nil before the first.
  package var begun: WallTime?
  /// What that occurrence imposed; nil once its end was dealt with.
  package var control: ControlID?

  package static let durationBounds: ClosedRange<Int64> = 60_000...604_800_000
  /// Most planned stops.
  package static let plannedMax = 100

  package init(
    id: String, scope: ControlScope, level: ControlLevel, cancel: CancelMode, reason: String, startsAt: WallTime,
    endsAt: WallTime, repeats: Repeat, createdBy: String, createdAt: WallTime, begun: WallTime? = nil,
    control: ControlID? = nil
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
    self.begun = begun
    self.control = control
  }

  /// The occurrence that runs at `now`, or else the next one; nil when all are over. Times repeat in UTC.
  package func occurrence(at now: WallTime) -> (start: WallTime, end: WallTime)? {
    let length = endsAt.unixMilliseconds - startsAt.unixMilliseconds
    guard let period = repeats.milliseconds else { return now < endsAt ? (startsAt, endsAt) : nil }
    let elapsed = now.unixMilliseconds - startsAt.unixMilliseconds
    let index = elapsed < 0 ? 0 : elapsed / period
    let start = startsAt.adding(milliseconds: index * period)
    if elapsed >= 0, now.unixMilliseconds - start.unixMilliseconds >= length {
      let next = start.adding(milliseconds: period)
      return (next, next.adding(milliseconds: length))
    }
    return (start, start.adding(milliseconds: length))
  }

  /// Refuses `request.invalid`, naming every wrong field.
  package func validated() throws(Refusal) {
    var problems: [FieldProblem] = []
    let length = endsAt.unixMilliseconds - startsAt.unixMilliseconds
    if !Self.durationBounds.contains(length) { problems.append(FieldProblem("endsAt", "is 1m to 7d after startsAt")) }
    if let period = repeats.milliseconds, length >= period {
      problems.append(FieldProblem("repeats", "comes again before it is over"))
    }
    if endsAt <= createdAt, repeats == .never { problems.append(FieldProblem("endsAt", "is over already")) }
    if level == .active { problems.append(FieldProblem("level", "is reduceOnly or halted")) }
    if let problem = ControlDraft.reasonProblem(reason, atLeast: Control.reasonLengthMin) { problems.append(problem) }
    guard problems.isEmpty else {
      let sentence = problems.map { "\($0.field) \($0.problem)" }.joined(separator: "; ")
      throw Refusal(.requestInvalid, "The stop was not planned: \(sentence).", fields: problems)
    }
  }
}
