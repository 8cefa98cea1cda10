import Alerting
import ControlPlane
import PromQL

/// The way from the rules to automatic controls: one alert after another, beside the evaluation, which neither waits for a stop
/// to be durable nor keeps one waiting until people are told.
struct Containment: Sendable {
  private let queue: AsyncStream<AlertDesk.Transition>
  private let input: AsyncStream<AlertDesk.Transition>.Continuation

  /// Alerts that may wait. One stop takes milliseconds, with a store that hangs seconds.
  static let waitingMax = 10_000

  init() {
    (queue, input) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(Self.waitingMax))
  }

  /// Takes in what began and ended; returns at once. Answers what there was no room for.
  func take(_ transitions: [AlertDesk.Transition]) -> [AlertDesk.Transition] {
    transitions.filter { transition in
      guard transition.what == .firing || transition.what == .resolved else { return false }
      guard case .enqueued = input.yield(transition) else { return true }
      return false
    }
  }

  /// Fingerprints of alerts that fired in an earlier process, which ended before it came to them.
  func missed(_ alerts: [Alert], by controls: AutomaticControls) async -> [String] {
    var missed: [String] = []
    for alert in alerts where alert.state == .firing && alert.labels["control_mode"] != nil {
      guard let fired = alert.firedAt, await !controls.hasTaken(alert.fingerprint, since: fired) else { continue }
      missed.append(alert.fingerprint)
    }
    return missed
  }

  /// Until cancelled.
  func run(_ feed: AutomaticFeed, _ controls: AutomaticControls) async {
    for await transition in queue {
      switch transition.what {
      case .firing:
        guard let trigger = feed.trigger(transition.alert, at: transition.at) else { continue }
        await controls.take(trigger) { await feed.evidence(transition.alert, at: transition.at) }
      case .resolved: await controls.ended(transition.alert.fingerprint)
      case .pending, .dropped: break
      }
    }
  }
}
