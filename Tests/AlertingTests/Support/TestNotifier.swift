import BreakwaterTesting
import ControlModel
import Foundation
import PromQL
import Synchronization
import Telemetry

@testable import Alerting

/// A notifier with receivers that only write down what they get, on a virtual clock.
final class TestNotifier: Sendable {
  let metrics = MetricRegistry()
  let clock = TestClock()
  let notifier: Notifier
  let ledger = TestLedger()
  private let log: Log

  struct Refused: Error {}

  private final class Log: Sendable {
    let entries = Mutex<[(url: String, text: String)]>([])
    /// Attempts per body.
    let attempts = Mutex<[String: Int]>([:])
    let keys = Mutex<[String]>([])
  }

  /// - Parameters:
  ///   - failing: whether the attempt with that number, from 1, to post a text such as `A firing` fails.
  ///   - hanging: awaited by every attempt.
  init(
    _ names: [String], fallbacks: [String: String] = [:],
    failing: @escaping @Sendable (_ text: String, _ attempt: Int) -> Bool = { _, _ in false },
    hanging: @escaping @Sendable (_ url: String) async throws -> Void = { _ in }
  ) throws {
    let log = Log()
    self.log = log
    let clock = clock
    let receivers = names.map {
      Receiver(name: $0, kind: .webhook(url: "http://\($0)/"), fallback: fallbacks[$0])
    }
    notifier = Notifier(
      receivers, externalURL: "http://here", ledger: ledger, clocks: clock.clocks, metrics: metrics,
      sleep: { duration in
        await clock.sleep(duration)
        try Task.checkCancellation()
      },
      send: { message in
        guard case .http(let url, let fields, let body) = message else { throw Refused() }
        log.keys.withLock { $0 += fields.filter { $0.name == "Idempotency-Key" }.map(\.value) }
        let text = try Self.text(body)
        let attempt = log.attempts.withLock { attempts in
          attempts[url + text, default: 0] += 1
          return attempts[url + text] ?? 0
        }
        try await hanging(url)
        if failing(text, attempt) { throw Refused() }
        log.entries.withLock { $0.append((url, text)) }
      })
  }

  private static func text(_ body: [UInt8]) throws -> String {
    let document = try JSONSerialization.jsonObject(with: Data(body)) as? [String: Any]
    let name = (document?["groupLabels"] as? [String: String])?["alertname"] ?? "?"
    return "\(name) \(document?["status"] as? String ?? "?")"
  }

  /// Runs the notifier while `body` runs.
  func running(_ body: () async throws -> Void) async throws {
    let task = Task { await notifier.run() }
    defer { task.cancel() }
    try await body()
  }

  /// A message about one alert to each of the receivers.
  func messages(
    _ name: String, _ what: AlertDesk.Transition.What, to receivers: String...
  ) -> [Delivery] {
    guard let labels = try? Labels([("alertname", name), ("severity", "critical")]) else { return [] }
    let now = clock.clocks.now
    let alert = Alert(
      name: name, labels: labels, state: .firing, value: 1, activeAt: now, firedAt: now, expression: "x")
    let item = Alerting.Notification.Item(alert, resolvedAt: what == .resolved ? now : nil)
    return receivers.map {
      Delivery(
        Alerting.Notification(
          receiver: $0, cause: what == .resolved ? .resolved : .new, groupKey: "{}:{\(name)}",
          groupLabels: ["alertname": name], alerts: [item], at: now))
    }
  }

  /// Idempotency keys in the order of the attempts.
  var keys: [String] { log.keys.withLock { $0 } }

  /// What a receiver took, in order.
  func delivered(_ receiver: String) -> [String] {
    log.entries.withLock { $0.filter { $0.url.contains(receiver) }.map(\.text) }
  }

  var attempts: Int { log.attempts.withLock { $0.values.reduce(0, +) } }

  func count(_ receiver: String, _ result: String) -> Double {
    metrics.family(MetricCatalog.notifications).counter(receiver, result).value
  }
}

/// Remembers what is noted, the newest of each message.
final class TestLedger: NotificationLedger {
  private let notes = Mutex<[Delivery]>([])

  func note(_ delivery: Delivery) async { notes.withLock { $0.append(delivery) } }

  var all: [Delivery] { notes.withLock { $0 } }
  /// Those that are over.
  var finished: [Delivery] { all.filter { $0.status != .queued } }
}

/// Holds up whoever comes until it is opened.
final class Gate: Sendable {
  private let state = Mutex<(isOpen: Bool, waiters: [CheckedContinuation<Void, Never>])>((false, []))

  var waiting: Int { state.withLock { $0.waiters.count } }

  func wait() async {
    await withCheckedContinuation { continuation in
      let isOpen = state.withLock { state in
        if !state.isOpen { state.waiters.append(continuation) }
        return state.isOpen
      }
      if isOpen { continuation.resume() }
    }
  }

  /// As `wait()`, and ends everybody's wait when one of them is cancelled.
  func waitOrCancel() async throws {
    await withTaskCancellationHandler {
      await wait()
    } onCancel: {
      open()
    }
    try Task.checkCancellation()
  }

  func open() {
    let waiters = state.withLock { state in
      defer { state = (true, []) }
      return state.waiters
    }
    for waiter in waiters { waiter.resume() }
  }
}
