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
  private let log: Log

  struct Refused: Error {}

  private final class Log: Sendable {
    let entries = Mutex<[(url: String, text: String)]>([])
    /// Attempts per body.
    let attempts = Mutex<[String: Int]>([:])
  }

  /// - Parameters:
  ///   - failing: whether the attempt with that number, from 1, to post a text such as `A firing` fails.
  ///   - hanging: awaited by every attempt.
  init(
    _ receivers: [String], failing: @escaping @Sendable (_ text: String, _ attempt: Int) -> Bool = { _, _ in false },
    hanging: @escaping @Sendable (_ url: String) async throws -> Void = { _ in }
  ) throws {
    let log = Log()
    self.log = log
    let clock = clock
    notifier = Notifier(
      receivers.map { Receiver(name: $0, webhook: "http://\($0)/") }, externalURL: "http://here", clocks: clock.clocks,
      metrics: metrics,
      sleep: { duration in
        await clock.sleep(duration)
        try Task.checkCancellation()
      },
      post: { url, body in
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

  func transitions(
    _ name: String, _ what: AlertDesk.Transition.What, severity: String = "critical"
  ) -> [AlertDesk.Transition] {
    guard let labels = try? Labels([("alertname", name), ("severity", severity)]) else { return [] }
    let alert = Alert(
      name: name, labels: labels, state: what == .pending ? .pending : .firing, value: 1, activeAt: clock.clocks.now,
      firedAt: clock.clocks.now, expression: "x")
    return [AlertDesk.Transition(what: what, alert: alert, at: clock.clocks.now)]
  }

  /// What a receiver took, in order.
  func delivered(_ receiver: String) -> [String] {
    log.entries.withLock { $0.filter { $0.url.contains(receiver) }.map(\.text) }
  }

  var attempts: Int { log.attempts.withLock { $0.values.reduce(0, +) } }

  func count(_ receiver: String, _ result: String) -> Double {
    metrics.family(MetricCatalog.notifications).counter(receiver, result).value
  }
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
