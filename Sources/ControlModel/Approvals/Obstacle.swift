/// A named reason why it is not safe to start again yet.
package struct Obstacle: Hashable, Sendable {
  package enum Name: String, CaseIterable, Sendable {
    /// An order of the scope has no known outcome.
    case inDoubt = "in_doubt"
    /// Our books could not be compared with the venue's, or differ from them.
    case reconciliation
    /// Prices are too old to decide by.
    case feed
    /// The alert that caused the stop still fires.
    case alert
  }

  package let name: Name
  /// One sentence without a full stop: what stands in the way.
  package let detail: String

  package init(_ name: Name, _ detail: String) {
    self.name = name
    self.detail = detail
  }
}
