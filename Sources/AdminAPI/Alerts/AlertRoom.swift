package import Alerting
package import ControlModel
import PromQL
import Store
import Synchronization
package import Telemetry

/// Where what the rules found becomes what people are told: one turn after every evaluation.
package final class AlertRoom: Sendable {
  package let silences: SilenceDesk
  package let recorder: AlertRecorder
  package let notifier: Notifier
  private let desk: AlertDesk
  private let links: [AlertmanagerLink]
  private let dropped: MetricFamily
  private let state: Mutex<State>
  package let receivers: [Receiver]

  private struct State {
    var dispatcher: Dispatcher
    var tree: RoutingTree
    /// Who is told nothing now, with why.
    var muted: [String: Dispatcher.Muting] = [:]
    /// What ended while nobody was running, told with the first turn.
    var ended: [AlertDesk.Transition]
  }

  package init(
    desk: AlertDesk, silences: SilenceDesk, recorder: AlertRecorder, notifier: Notifier, links: [AlertmanagerLink],
    tree: RoutingTree, receivers: [Receiver], recalled: AlertRecorder.Recalled, ended: [AlertDesk.Transition],
    metrics: MetricRegistry, at now: WallTime
  ) {
    self.desk = desk
    self.silences = silences
    self.recorder = recorder
    self.notifier = notifier
    self.links = links
    dropped = metrics.family(MetricCatalog.notifications)
    self.receivers = receivers
    var dispatcher = Dispatcher(tree, receivers: receivers, told: recalled.told)
    dispatcher.restore(desk.alerts, at: now)
    state = Mutex(State(dispatcher: dispatcher, tree: tree, ended: ended))
    recorder.onDurable { [weak recorder] in recorder?.giveUp(notifier.enqueue($0)) }
    recorder.giveUp(notifier.enqueue(recalled.queued))
  }

  /// Takes in what changed; returns at once. One caller at a time.
  package func turn(_ changed: [AlertDesk.Transition], at now: WallTime) async {
    let transitions = state.withLock { state in
      defer { state.ended = [] }
      return state.ended + changed
    }
    let alerts = desk.alerts
    let passing = silences.pass(alerts, at: now)
    if !passing.changed.isEmpty { await silences.keep(passing.changed, at: now) }
    var changes = AlertRecorder.Changes()
    changes.records = desk.records
    changes.history = transitions.filter { $0.alert.severity != "none" }.map { AlertHistoryRecords.Entry($0) }
    let current = silences.current
    state.withLock { state in
      let turn = state.dispatcher.turn(transitions, active: alerts, silences: current, at: now)
      changes.notifications = turn.notifications + warnings(passing, state.dispatcher, at: now)
      changes.told = turn.told
      changes.history += mutingHistory(from: state.muted, to: turn.muted, alerts, transitions, at: now)
      state.muted = turn.muted
      if turn.dropped > 0 { dropped.counter("_none", "dropped").increment(by: turn.dropped) }
    }
    recorder.submit(changes)
    for link in links { link.take(alerts, transitions) }
  }

  /// Keeps Alertmanagers up to date until cancelled.
  package func runLinks(now: @Sendable () -> WallTime, sleep: @Sendable (Duration) async -> Void) async {
    guard !links.isEmpty else { return }
    while !Task.isCancelled {
      for link in links { await link.send(at: now()) }
      await sleep(.milliseconds(100))
    }
  }

  /// Another tree, from the next turn on. Receivers stay as they were started; a tree that names others waits for a
  /// restart, because nobody could be told.
  package func replace(_ tree: RoutingTree, at now: WallTime) {
    guard tree.receiverNames.isSubset(of: Set(receivers.map(\.name))) else { return }
    let firing = desk.alerts
    state.withLock { state in
      state.tree = tree
      state.dispatcher.replace(tree, receivers: receivers, firing: firing, at: now)
    }
  }

  /// Someone has an alert: pagers stop calling others. Best effort, because the page was delivered.
  package func acknowledged(_ alert: Alert) {
    let routes = state.withLock { $0.dispatcher.route(alert.labels) }
    notifier.acknowledge(routes.map { ($0.receivers, Dispatcher.groupKey(alert.labels, $0)) })
  }

  // MARK: Looking

  package func muting(_ fingerprint: String) -> Dispatcher.Muting? { state.withLock { $0.muted[fingerprint] } }
  package var tree: RoutingTree { state.withLock { $0.tree } }

  // MARK: Words

  /// Whoever would be told of the muted alerts hears that a silence is about to end.
  private func warnings(
    _ passing: SilenceSet.Passing, _ dispatcher: Dispatcher, at now: WallTime
  ) -> [Alerting.Notification] {
    passing.expiring.flatMap { silence, alerts -> [Alerting.Notification] in
      let receivers = Set(alerts.flatMap { dispatcher.route($0.labels).flatMap(\.receivers) })
      return notifier.receivers.filter { receivers.contains($0.name) }.compactMap {
        Alerting.Notification.silenceExpiring(silence, alerts, for: $0, at: now)
      }
    }
  }

  private func mutingHistory(
    from before: [String: Dispatcher.Muting], to after: [String: Dispatcher.Muting], _ alerts: [Alert],
    _ transitions: [AlertDesk.Transition], at now: WallTime
  ) -> [AlertHistoryRecords.Entry] {
    guard before != after else { return [] }
    return alerts.filter { $0.state == .firing && $0.severity != "none" }.compactMap { alert in
      switch (before[alert.fingerprint], after[alert.fingerprint]) {
      case (nil, let muting?): AlertHistoryRecords.Entry(alert, "muted", at: now, note: muting.words)
      case (_?, nil): AlertHistoryRecords.Entry(alert, "unmuted", at: now)
      case (let old?, let new?) where old != new: AlertHistoryRecords.Entry(alert, "muted", at: now, note: new.words)
      default: nil
      }
    }
  }
}

extension Dispatcher.Muting {
  package var words: String {
    [
      silences.isEmpty ? nil : "silence \(silences.joined(separator: ", "))",
      isInhibited ? "inhibited by another alert" : nil, isOutOfHours ? "outside the route's hours" : nil,
    ].compactMap { $0 }.joined(separator: "; ")
  }
}

extension AlertHistoryRecords.Entry {
  init(_ transition: AlertDesk.Transition) {
    let requests = transition.what == .firing ? transition.alert.exemplars.joined(separator: " ") : ""
    self.init(
      transition.alert, transition.what.rawValue, at: transition.at,
      note: requests.isEmpty ? nil : "requests \(requests)")
  }

  init(_ alert: Alert, _ what: String, at now: WallTime, actor: String? = nil, note: String? = nil) {
    let labels = Dictionary(alert.labels.pairs.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
    self.init(
      at: now, fingerprint: alert.fingerprint, name: alert.name, severity: alert.severity, what: what,
      value: Humanized.decimal(alert.value), tenant: labels["tenant"], labels: labels,
      summary: alert.annotations.first { $0.name == "summary" }?.value ?? alert.name, actor: actor, note: note)
  }
}
