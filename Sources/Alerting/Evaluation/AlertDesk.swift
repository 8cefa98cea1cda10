package import ControlModel
package import MetricStore
import PromQL
import Synchronization
package import Telemetry

/// Evaluates rules on a tick and knows every alert. Commands nothing: what an alert leads to, the root decides.
package final class AlertDesk: Sendable {
  package struct Settings: Sendable {
    /// Interval of groups that name none.
    package var intervalMilliseconds: Int64 = 1000
    /// Samples one rule may load.
    package var samplesMax = 5_000_000

    package init() {}
  }

  /// An alert changed state.
  package struct Transition: Sendable {
    package enum What: String, Sendable {
      case pending, firing, resolved
    }

    package let what: What
    package let alert: Alert
    package let at: WallTime
  }

  /// How a group is doing.
  package struct GroupStatus: Sendable {
    package let name: String
    package let file: String
    package let intervalMilliseconds: Int64
    package let rules: [RuleStatus]
    package let lastEvaluation: WallTime?
    package let seconds: Double
  }

  package struct RuleStatus: Sendable {
    package let rule: Rule
    package let alerts: [Alert]
    package let lastError: String?
  }

  private struct Group: Sendable {
    let rules: RuleGroup
    let intervalMilliseconds: Int64
    var states: [RuleState]
    var errors: [String?]
    var nextDue: Int64 = 0
    var lastEvaluation: WallTime?
    var seconds = 0.0
  }

  private let settings: Settings
  private let engine: Engine
  private let store: MetricStore
  private let clocks: Clocks
  private let metrics: AlertMetrics
  private let groups: Mutex<[Group]>

  package init(_ groups: [RuleGroup], settings: Settings, store: MetricStore, clocks: Clocks, metrics: MetricRegistry) {
    self.settings = settings
    self.store = store
    self.clocks = clocks
    self.metrics = AlertMetrics(metrics)
    var options = Engine.Options()
    options.samplesMax = settings.samplesMax
    engine = Engine(options)
    self.groups = Mutex(Self.prepared(groups, settings))
    for group in groups { self.metrics.prepare(group.name) }
  }

  private static func prepared(_ groups: [RuleGroup], _ settings: Settings) -> [Group] {
    groups.map { group in
      Group(
        rules: group, intervalMilliseconds: group.intervalMilliseconds ?? settings.intervalMilliseconds,
        states: Array(repeating: RuleState(), count: group.rules.count),
        errors: Array(repeating: nil, count: group.rules.count))
    }
  }

  /// Evaluates every group that is due at `now` and returns what changed. One caller at a time.
  package func tick(at now: WallTime) -> [Transition] {
    var transitions: [Transition] = []
    // Evaluation works on a copy, so that a slow query never blocks those who list alerts.
    var working = groups.withLock { $0 }
    for index in working.indices where now.unixMilliseconds >= working[index].nextDue {
      let interval = working[index].intervalMilliseconds
      let missed = working[index].nextDue == 0 ? 0 : (now.unixMilliseconds - working[index].nextDue) / interval
      if missed > 0 { metrics.missed(working[index].rules.name, Int(missed)) }
      working[index].nextDue = now.unixMilliseconds - now.unixMilliseconds % interval + interval
      evaluate(&working[index], at: now, &transitions)
    }
    groups.withLock { $0 = working }
    metrics.observe(alerts)
    return transitions
  }

  private func evaluate(_ group: inout Group, at now: WallTime, _ transitions: inout [Transition]) {
    let start = clocks.monotonic()
    for index in group.rules.rules.indices {
      let rule = group.rules.rules[index]
      do throws(QueryError) {
        let vector = try values(of: rule, at: now)
        group.errors[index] = nil
        switch rule.kind {
        case .recording(let name): record(vector, as: name, rule, at: now)
        case .alerting(let alerting):
          let changes = group.states[index].take(
            holdings(vector, rule, alerting), of: alerting, expression: rule.text, at: now)
          for change in changes { transitions.append(Self.transition(change, at: now)) }
          writeSeries(group.states[index], at: now)
        }
      } catch {
        group.errors[index] = error.description
        metrics.failed(group.rules.name)
      }
    }
    let nanoseconds = clocks.monotonic() - start
    group.lastEvaluation = now
    group.seconds = Double(nanoseconds) / 1e9
    metrics.evaluated(group.rules.name, nanoseconds)
  }

  private typealias Element = (labels: Labels, value: Double)

  private func values(of rule: Rule, at now: WallTime) throws(QueryError) -> [Element] {
    switch try engine.instant(rule.expression, at: now.unixMilliseconds, in: store) {
    case .vector(let vector): return vector.map { ($0.labels, $0.value) }
    case .scalar(let value): return [(Labels(), value)]
    case .string, .matrix: throw .invalid("a rule's expression yields a vector or a scalar")
    }
  }

  private func record(_ vector: [Element], as name: String, _ rule: Rule, at now: WallTime) {
    var batch: [(MetricStore.Reference, Double)] = []
    for element in vector {
      var labels = element.labels.withoutName.pairs.filter { pair in !rule.labels.contains { $0.name == pair.name } }
      labels.append((name: "__name__", value: name))
      for (name, template) in rule.labels { labels.append((name: name, value: template.text)) }
      if let made = try? Labels(labels), let reference = store.reference(made) {
        batch.append((reference, element.value))
      }
    }
    store.append(batch, at: now.unixMilliseconds)
  }

  /// What holds, with the rule's own labels and words.
  private func holdings(_ vector: [Element], _ rule: Rule, _ alerting: Rule.Alerting) -> [RuleState.Holding] {
    vector.compactMap { element in
      let base = element.labels.withoutName.pairs
      let context = TemplateContext(
        labels: Dictionary(base.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first }),
        value: element.value)
      var labels = base.filter { pair in pair.name != "alertname" && !rule.labels.contains { $0.name == pair.name } }
      for (name, template) in rule.labels { labels.append((name: name, value: template.rendered(context))) }
      labels.append((name: "alertname", value: alerting.name))
      guard let made = try? Labels(labels) else { return nil }
      return RuleState.Holding(
        labels: made, value: element.value,
        annotations: alerting.annotations.map { ($0.name, $0.template.rendered(context)) })
    }
  }

  /// `ALERTS{alertstate=…} 1`, as Prometheus writes it; an ended one gets a stale marker.
  private func writeSeries(_ state: RuleState, at now: WallTime) {
    var batch: [(MetricStore.Reference, Double)] = []
    for alert in state.alerts.values {
      let pairs =
        alert.labels.pairs + [
          (name: "__name__", value: "ALERTS"), (name: "alertstate", value: alert.state.rawValue),
        ]
      if let labels = try? Labels(pairs), let reference = store.reference(labels) { batch.append((reference, 1)) }
    }
    store.append(batch, at: now.unixMilliseconds)
  }

  private static func transition(_ change: RuleState.Transition, at now: WallTime) -> Transition {
    switch change {
    case .started(let alert): Transition(what: .pending, alert: alert, at: now)
    case .fired(let alert): Transition(what: .firing, alert: alert, at: now)
    case .resolved(let alert): Transition(what: .resolved, alert: alert, at: now)
    }
  }

  // MARK: Reading

  /// Every alert, firing before pending, severest and oldest first.
  package var alerts: [Alert] {
    let order = ["critical": 0, "warning": 1, "info": 2]
    return groups.withLock { groups in groups.flatMap { $0.states.flatMap(\.alerts.values) } }
      .sorted { a, b in
        let keyA = (a.state == .firing ? 0 : 1, order[a.severity] ?? 3, a.activeAt.unixMilliseconds, a.fingerprint)
        let keyB = (b.state == .firing ? 0 : 1, order[b.severity] ?? 3, b.activeAt.unixMilliseconds, b.fingerprint)
        return keyA < keyB
      }
  }

  package func alert(_ fingerprint: String) -> Alert? { alerts.first { $0.fingerprint == fingerprint } }

  package var status: [GroupStatus] {
    groups.withLock { groups in
      groups.map { group in
        GroupStatus(
          name: group.rules.name, file: group.rules.file, intervalMilliseconds: group.intervalMilliseconds,
          rules: group.rules.rules.indices.map { index in
            RuleStatus(
              rule: group.rules.rules[index], alerts: Array(group.states[index].alerts.values),
              lastError: group.errors[index])
          }, lastEvaluation: group.lastEvaluation, seconds: group.seconds)
      }
    }
  }

  package var ruleCount: Int { groups.withLock { $0.reduce(0) { $0 + $1.rules.rules.count } } }
}
