package import ControlModel

/// What became of a message to one receiver.
package struct Delivery: Sendable, Equatable {
  package enum Status: String, Codable, Sendable, CaseIterable {
    /// Decided and durable, not yet taken.
    case queued
    /// The receiver said it has it.
    case sent
    /// Given up; the fallback, if there is one, has got a copy.
    case failed
  }

  package let notification: Notification
  package var status: Status
  package var attempts: Int
  package var finishedAt: WallTime?
  package var error: String?

  package init(
    _ notification: Notification, status: Status = .queued, attempts: Int = 0, finishedAt: WallTime? = nil,
    error: String? = nil
  ) {
    self.notification = notification
    self.status = status
    self.attempts = attempts
    self.finishedAt = finishedAt
    self.error = error
  }
}

/// Where deliveries are written down: SQLite in the product, memory in tests.
package protocol NotificationLedger: Sendable {
  /// Remembers how a delivery stands. What cannot be written is counted and not retried: the message itself was sent.
  func note(_ delivery: Delivery) async
}
