import Alerting
import ControlPlane
import PromQL

/// The way from the rules to automatic controls, beside the evaluation, which neither waits for a stop to be durable nor keeps
/// one waiting until people are told. Alerts that may stop by themselves have a lane of their own: they do not wait while
/// evidence is put together for those that propose.
struct Containment: Sendable {
  private let acting = Lane()
  private let asking = Lane()

  private struct Lane: Sendable {
    let queue: AsyncStream<AlertDesk.Transition>
    let input: AsyncStream<AlertDesk.Transition>.Continuation

    init() {
      (queue, input) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(Containment.waitingMax))
    }
  }

  /// Alerts that may wait in a lane. One stop takes milliseconds, with a store that hangs seconds.
  static let waitingMax = 10_000

  /// Takes in what began and ended; returns at once. Answers what there was no room for.
  func take(_ transitions: [AlertDesk.Transition]) -> [AlertDesk.Transition] {
    transitions.filter { transition in
      guard transition.what == .firing || transition.what == .resolved else { return false }
      let isActing = transition.alert.labels["control_mode"] == AutomaticTrigger.Mode.auto.rawValue
      guard case .enqueued = (isActing ? acting : asking).input.yield(transition) else { return true }
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
    await withTaskGroup(of: Void.self) { group in
      for lane in [acting, asking] { group.addTask { await work(lane, feed, controls) } }
    }
  }

  /// One alert after another.
  private func work(_ lane: Lane, _ feed: AutomaticFeed, _ controls: AutomaticControls) async {
    for await transition in lane.queue {
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
