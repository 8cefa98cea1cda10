package import ControlModel
import Synchronization
package import Telemetry

/// Keeps a real Alertmanager up to date as Prometheus does: everything that fires is sent at once and again every minute
/// with an end a few minutes ahead, so that it knows when we are gone; what ended is sent for a quarter of an hour.
///
/// Alertmanager counts an alert by its labels, so sending twice changes nothing and nothing has to be written down.
package final class AlertmanagerLink: Sendable {
  package static let resendMilliseconds: Int64 = 60_000
  /// Four resends may be lost before it believes an alert has ended.
  package static let validityMilliseconds: Int64 = 4 * resendMilliseconds
  package static let resolvedMilliseconds: Int64 = 15 * 60_000
  /// After a failed attempt.
  package static let retryMilliseconds: Int64 = 5_000
  /// Ended alerts remembered; the oldest go first.
  package static let resolvedMax = 10_000
  /// Alerts in one POST.
  static let batchMax = 500

  private struct State {
    /// By fingerprint; those that ended with their end.
    var alerts: [String: Notification.Item] = [:]
    var sentAt: [String: WallTime] = [:]
    var failedAt: WallTime?
  }

  package let receiver: Receiver
  private let url: String
  private let externalURL: String
  private let send: Notifier.Send
  private let counted: MetricFamily
  private let state = Mutex(State())

  /// Nil when `receiver` is not an Alertmanager.
  package init?(_ receiver: Receiver, externalURL: String, metrics: MetricRegistry, send: @escaping Notifier.Send) {
    guard case .alertmanager(let base) = receiver.kind else { return nil }
    self.receiver = receiver
    url = (base.hasSuffix("/") ? String(base.dropLast()) : base) + "/api/v2/alerts"
    self.externalURL = externalURL
    self.send = send
    counted = metrics.family(MetricCatalog.notifications)
  }

  /// What fires now, and what just ended.
  package func take(_ firing: [Alert], _ transitions: [AlertDesk.Transition]) {
    state.withLock { state in
      for transition in transitions where transition.what == .resolved {
        let item = Notification.Item(transition.alert, resolvedAt: transition.at)
        state.alerts[item.fingerprint] = item
        state.sentAt[item.fingerprint] = nil
      }
      for alert in firing where alert.state == .firing {
        let item = Notification.Item(alert, resolvedAt: nil)
        if state.alerts[item.fingerprint]?.endsAt != nil { state.sentAt[item.fingerprint] = nil }
        state.alerts[item.fingerprint] = item
      }
    }
  }

  /// Sends what is due. One caller at a time.
  package func send(at now: WallTime) async {
    let due = state.withLock { state -> [Notification.Item] in
      state.alerts = state.alerts.filter { alert in
        alert.value.endsAt.map { now.unixMilliseconds - $0 < Self.resolvedMilliseconds } ?? true
      }
      if state.alerts.count > Self.resolvedMax {
        let ended = state.alerts.values.filter { $0.endsAt != nil }.sorted { ($0.endsAt ?? 0) < ($1.endsAt ?? 0) }
        for old in ended.prefix(state.alerts.count - Self.resolvedMax) { state.alerts[old.fingerprint] = nil }
      }
      state.sentAt = state.sentAt.filter { state.alerts[$0.key] != nil }
      if let failedAt = state.failedAt, now.unixMilliseconds - failedAt.unixMilliseconds < Self.retryMilliseconds {
        return []
      }
      return state.alerts.values.filter { item in
        guard let sentAt = state.sentAt[item.fingerprint] else { return true }
        return now.unixMilliseconds - sentAt.unixMilliseconds >= Self.resendMilliseconds
      }.sorted { $0.fingerprint < $1.fingerprint }
    }
    for start in stride(from: 0, to: due.count, by: Self.batchMax) {
      let batch = Array(due[start..<min(start + Self.batchMax, due.count)])
      let until = now.adding(milliseconds: Self.validityMilliseconds)
      do {
        try await send(
          .http(
            url: url, fields: [], body: AlertmanagerPayload.encode(batch, until: until, externalURL: externalURL)))
        counted.counter(receiver.name, "ok").increment()
        state.withLock { state in
          state.failedAt = nil
          for item in batch where state.alerts[item.fingerprint]?.endsAt == item.endsAt {
            state.sentAt[item.fingerprint] = now
          }
        }
      } catch {
        if Task.isCancelled { return }
        counted.counter(receiver.name, "failed").increment()
        state.withLock { $0.failedAt = now }
        return
      }
    }
  }
}
