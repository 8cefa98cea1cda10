/// The time a selector reads at, for each time it is evaluated at: `@` fixes it, `offset` moves it back.
struct TimeReference {
  private let pin: Int64?
  private let offset: Int64

  init(_ shift: TimeShift, in evaluation: Evaluation) throws(QueryError) {
    switch shift.pin {
    case .at(let milliseconds): pin = milliseconds
    case .start: pin = evaluation.span.start
    case .end: pin = evaluation.span.end
    case nil: pin = nil
    }
    offset = if let offset = shift.offset { try evaluation.duration(offset) } else { 0 }
  }

  @inline(__always)
  func callAsFunction(_ time: Int64) -> Int64 {
    (pin ?? time) - offset
  }
}
