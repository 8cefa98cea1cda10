package import ControlModel

/// One thing that happened, for those who watch. `data` is JSON.
package struct BusEvent: Sendable {
  /// Rises with each event of the bus, also from one process to the next. A subscriber sees those that concern it; what
  /// it missed it learns from an event named `gap`.
  package let sequence: UInt64
  /// `bot_state`, `positions_update`, `orders_update`, `controls`, `alert`, `status`, `gap`.
  package let name: String
  /// Whom it concerns; nil goes to administrators only.
  package let tenant: TenantID?
  package let at: WallTime
  package let requestID: RequestID?
  package let data: [UInt8]
  /// A newer one of the same name replaces it in a queue: it describes a state, not a change.
  package let isSnapshot: Bool

  /// Says that changes up to `sequence` are missing: read what you show anew.
  static func gap(_ reason: GapReason, missed: Int?, upTo sequence: UInt64, at now: WallTime) -> BusEvent {
    let count = missed.map { ",\"missed\":\($0)" } ?? ""
    return BusEvent(
      sequence: sequence, name: "gap", tenant: nil, at: now, requestID: nil,
      data: Array("{\"reason\":\"\(reason.rawValue)\"\(count)}".utf8), isSnapshot: false)
  }

  enum GapReason: String {
    /// The reader took events more slowly than they came.
    case slow
    /// It was away for longer than events are kept, or since before the process started.
    case forgotten
  }
}
