import Synchronization

/// Where whoever stores samples from outside says which metrics came in, so that rules about them are looked at now and
/// not at the next tick.
package final class AlertPulse: Sendable {
  /// Names kept between two looks; what does not fit is seen at the next tick.
  package static let namesMax = 2_000

  private let names = Mutex<Set<String>>([])

  package init() {}

  /// Samples of these metrics were stored.
  package func moved(_ moved: Set<String>) {
    names.withLock { names in
      guard names.count < Self.namesMax else { return }
      names.formUnion(moved)
    }
  }

  /// What moved since the last time.
  package func take() -> Set<String> {
    names.withLock { names in
      defer { names = [] }
      return names
    }
  }
}
