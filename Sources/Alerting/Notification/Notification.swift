package import ControlModel
import PromQL

/// One message to one receiver: some alerts of one group, as they were when it was decided. It is what the ledger keeps,
/// so that a restart sends the same message under the same key.
package struct Notification: Codable, Sendable, Equatable {
  package enum Cause: String, Codable, Sendable, CaseIterable {
    /// An alert the receiver has not heard of.
    case new
    /// Nothing new, but `repeatInterval` has passed.
    case `repeat`
    /// Only ends of alerts.
    case resolved
    /// A silence is about to end while its alert still fires.
    case silenceExpiring = "silence_expiring"
    /// Someone asked whether the receiver can be reached.
    case test
    /// Handed over by a receiver that could not be reached.
    case fallback
  }

  package struct Item: Codable, Sendable, Equatable {
    package let fingerprint: String
    package let name: String
    package let severity: String
    package let labels: [String: String]
    package let annotations: [String: String]
    package let isFiring: Bool
    /// As text: JSON has no NaN.
    package let value: String
    /// Unix milliseconds; the end is nil while it fires.
    package let startsAt: Int64
    package let endsAt: Int64?
    /// Requests that show what the alert is about.
    package var exemplars: [String]?

    package var summary: String { annotations["summary"] ?? name }
  }

  /// The same for every attempt, over restarts too: receivers that look at `Idempotency-Key` count it once.
  package let key: String
  package internal(set) var receiver: String
  package let cause: Cause
  package let groupKey: String
  package let groupLabels: [String: String]
  package let alerts: [Item]
  /// Alerts of the group that found no room.
  package let truncated: Int
  /// Unix milliseconds.
  package let decidedAt: Int64

  /// Alerts one message carries.
  package static let alertsMax = 100

  package var isFiring: Bool { alerts.contains { $0.isFiring } }

  init(
    receiver: String, cause: Cause, groupKey: String, groupLabels: [String: String], alerts: [Item],
    at now: WallTime
  ) {
    let kept = Array(alerts.prefix(Self.alertsMax))
    self.receiver = receiver
    self.cause = cause
    self.groupKey = groupKey
    self.groupLabels = groupLabels
    self.alerts = kept
    truncated = alerts.count - kept.count
    decidedAt = now.unixMilliseconds
    let content = kept.map { "\($0.fingerprint)\($0.isFiring)" }.joined()
    key = StableHash.hex("\(receiver)\n\(groupKey)\n\(decidedAt)\n\(cause.rawValue)\n\(content)")
  }

  /// The same message for another receiver.
  func handedOver(to receiver: String) -> Notification {
    Notification(
      receiver: receiver, cause: .fallback, groupKey: groupKey, groupLabels: groupLabels, alerts: alerts,
      at: WallTime(unixMilliseconds: decidedAt))
  }

  /// A message that only proves that a receiver can be reached.
  package static func test(_ receiver: String, by actor: String, at now: WallTime) -> Notification {
    let item = Item(
      fingerprint: StableHash.hex("test \(receiver)"), name: "NotificationTest", severity: "info",
      labels: ["alertname": "NotificationTest", "severity": "info"],
      annotations: ["summary": "\(actor) tests whether \(receiver) can be reached"], isFiring: true, value: "1",
      startsAt: now.unixMilliseconds, endsAt: nil)
    return Notification(
      receiver: receiver, cause: .test, groupKey: "{}:{alertname=\"NotificationTest\"}",
      groupLabels: ["alertname": "NotificationTest"], alerts: [item], at: now)
  }
}

extension Notification.Item {
  init(_ alert: Alert, resolvedAt: WallTime?) {
    fingerprint = alert.fingerprint
    name = alert.name
    severity = alert.severity
    labels = Dictionary(alert.labels.pairs.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
    annotations = Dictionary(alert.annotations.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
    isFiring = resolvedAt == nil
    value = GoFloat.shortest(alert.value)
    startsAt = (alert.firedAt ?? alert.activeAt).unixMilliseconds
    endsAt = resolvedAt?.unixMilliseconds
    exemplars = alert.exemplars.isEmpty ? nil : alert.exemplars
  }
}

/// FNV-1a with 64 bits in hex: names things that have to keep their name over restarts. Not for secrets.
package enum StableHash {
  package static func hex(_ text: String) -> String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.utf8.count) + digits
  }
}

extension Notification {
  /// Says that a silence ends while its alerts still fire. Nil for pagers: it is no incident.
  package static func silenceExpiring(
    _ silence: Silence, _ alerts: [Alert], for receiver: Receiver, at now: WallTime
  ) -> Notification? {
    if case .pagerDuty = receiver.kind { return nil }
    let names = Set(alerts.map(\.name)).sorted().joined(separator: ", ")
    let minutes = (silence.endsAt.unixMilliseconds - now.unixMilliseconds + 59_999) / 60_000
    let labels = ["alertname": "SilenceExpiring", "severity": "info", "silence": silence.id]
    let item = Item(
      fingerprint: StableHash.hex("silence \(silence.id)"), name: "SilenceExpiring", severity: "info", labels: labels,
      annotations: [
        "summary": "the silence of \(names) ends in \(minutes) min",
        "description": "\(silence.createdBy) made it: \(silence.reason). What it mutes still fires.",
      ], isFiring: true, value: "\(alerts.count)", startsAt: now.unixMilliseconds, endsAt: nil)
    return Notification(
      receiver: receiver.name, cause: .silenceExpiring, groupKey: "silence:\(silence.id)", groupLabels: labels,
      alerts: [item], at: now)
  }
}
