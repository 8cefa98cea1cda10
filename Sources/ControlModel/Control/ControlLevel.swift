// public: compared by the gate on every order.

/// How much of a scope may still trade: a total order, so that any number of controls combine by taking the maximum.
public enum ControlLevel: UInt8, Comparable, CaseIterable, Sendable {
  /// Everything is admitted.
  case active = 0
  /// Only orders that shrink an existing position, by no more than is left of it.
  case reduceOnly = 1
  /// Nothing is admitted. Cancels always pass.
  case halted = 2

  @inlinable
  public static func < (a: ControlLevel, b: ControlLevel) -> Bool { a.rawValue < b.rawValue }

  /// The spelling in JSON, metrics and logs.
  public var text: String {
    switch self {
    case .active: "active"
    case .reduceOnly: "reduceOnly"
    case .halted: "halted"
    }
  }

  public init?(text: some StringProtocol) {
    guard let level = Self.allCases.first(where: { $0.text == text }) else { return nil }
    self = level
  }
}
