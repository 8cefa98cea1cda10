import Synchronization

/// Routes on which a leak got past what is held: for a while their answers are held whole. Survives a reload.
final class RouteTrips: Sendable {
  private let untils = Mutex<[String: Int64]>([:])

  /// Routes remembered; a configuration has some dozens.
  private static let routesMax = 1_024

  func trip(_ template: String, until: Int64) {
    untils.withLock { untils in
      if untils.count >= Self.routesMax { untils.removeAll() }
      untils[template] = until
    }
  }

  func isTripped(_ template: String, at now: Int64) -> Bool {
    untils.withLock { $0.isEmpty ? false : $0[template].map { now < $0 } ?? false }
  }
}
