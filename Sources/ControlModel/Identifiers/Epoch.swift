// public: read by the gate on every order.

/// Version of the control state. Rises by one with every committed control change and never falls;
/// orders, acknowledgements and receipts carry it, and a release must name the current one.
public struct Epoch: Hashable, Comparable, Sendable, CustomStringConvertible {
  public let value: UInt64

  @inlinable
  public init(_ value: UInt64) {
    self.value = value
  }

  public static var zero: Epoch { Epoch(0) }
  public var next: Epoch { Epoch(value + 1) }
  public var description: String { String(value) }
  @inlinable
  public static func < (a: Epoch, b: Epoch) -> Bool { a.value < b.value }
}
