package import ControlModel
package import MetricStore
package import PromQL
import Synchronization
package import Telemetry

/// Evaluates rules on a tick and knows every alert. Commands nothing: what an alert leads to, the root decides.
package final class AlertDesk: Sendable {
  package struct Settings: Sendable {
    /// Time between ticks, and the interval of groups that name none or a shorter one.
    package var intervalMilliseconds: Int64 = 1000
    /// Samples one rule may load.
    package var samplesMax = 5_000_000
    /// Alerts or series one rule may yield: each alert is a page, and a rule that yields more is a mistake.
    package var resultsMax = 1_000
    /// `$externalURL` and `$externalLabels` of templates.
    package var externalURL = ""
    package var externalLabels: [String: String] = [:]
    /// Whose semantics queries follow.
    package var compatibility = Engine.Compatibility.v3

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
    package let limit: Int
    package let rules: [RuleStatus]
    package let lastEvaluation: WallTime?
    package let seconds: Double
  }

  package struct RuleStatus: Sendable {
    package let rule: Rule
    /// Oldest first.
    package let alerts: [Alert]
    package let lastError: String?
    package let lastEvaluation: WallTime?
    package let seconds: Double
  }

  private struct Group: Sendable {
    let definition: RuleGroup
    let intervalMilliseconds: Int64
    var rules: [RunningRule]
    var lastEvaluation: WallTime?
    var seconds = 0.0

    /// Intervals since the last evaluation, up to half a tick too few: ticks come a little early or late. Nil before the
    /// first evaluation, and when the clock was set back.
    func intervalsPassed(at now: WallTime, tickMilliseconds: Int64) -> Int64? {
      guard let lastEvaluation, lastEvaluation <= now else { return nil }
      let elapsed = now.unixMilliseconds - lastEvaluation.unixMilliseconds
      return (elapsed + tickMilliseconds / 2) / intervalMilliseconds
    }
  }

  private let clocks: Clocks
  private let metrics: AlertMetrics
  private let evaluator: RuleEvaluator
  private let tickMilliseconds: Int64
  private let groups: Mutex<[Group]>

  package init(_ groups: [RuleGroup], settings: Settings, store: MetricStore, clocks: Clocks, metrics: MetricRegistry) {
    self.clocks = clocks
    self.metrics = AlertMetrics(metrics)
    tickMilliseconds = settings.intervalMilliseconds
    var options = Engine.Options()
    options.samplesMax = settings.samplesMax
    options.compatibility = settings.compatibility
    evaluator = RuleEvaluator(
      engine: Engine(options), store: store, resultsMax: settings.resultsMax, externalURL: settings.externalURL,
      externalLabels: settings.externalLabels)
    self.groups = Mutex(
      groups.map { group in
        Group(
          definition: group,
          intervalMilliseconds: max(group.intervalMilliseconds ?? 0, settings.intervalMilliseconds),
          rules: group.rules.map { RunningRule(rule: $0) })
      })
    for group in groups { self.metrics.prepare(group.name) }
  }

  /// Evaluates every group that is due at `now` and returns what changed. One caller at a time.
  package func tick(at now: WallTime) -> [Transition] {
    var transitions: [Transition] = []
    // Evaluation works on a copy (some microseconds for a hundred rules), so that a slow query never blocks those who
    // list alerts.
    var working = groups.withLock { $0 }
    for index in working.indices {
      let passed = working[index].intervalsPassed(at: now, tickMilliseconds: tickMilliseconds)
      if let passed, passed < 1 { continue }
      if let passed, passed > 1 { metrics.missed(working[index].definition.name, Int(passed - 1)) }
      evaluate(&working[index], at: now, &transitions)
    }
    groups.withLock { $0 = working }
    metrics.observe(working.flatMap { $0.rules.flatMap(\.state.alerts.values) })
    return transitions
  }

  private func evaluate(_ group: inout Group, at now: WallTime, _ transitions: inout [Transition]) {
    let start = clocks.monotonic()
    var ruleStart = start
    for index in group.rules.indices {
      do throws(QueryError) {
        let changes = try evaluator.evaluate(&group.rules[index], of: group.definition, at: now)
        transitions += changes.map { Self.transition($0, at: now) }
        group.rules[index].error = nil
      } catch {
        group.rules[index].error = error.description
        metrics.failed(group.definition.name)
      }
      let ruleEnd = clocks.monotonic()
      group.rules[index].lastEvaluation = now
      group.rules[index].seconds = Double(ruleEnd - ruleStart) / 1e9
      ruleStart = ruleEnd
    }
    let nanoseconds = ruleStart - start
    group.lastEvaluation = now
    group.seconds = Double(nanoseconds) / 1e9
    metrics.evaluated(group.definition.name, nanoseconds)
  }

  private static func transition(_ change: RuleState.Transition, at now: WallTime) -> Transition {
    switch change {
    case .started(let alert): Transition(what: .pending, alert: alert, at: now)
    case .fired(let alert): Transition(what: .firing, alert: alert, at: now)
    case .resolved(let alert): Transition(what: .resolved, alert: alert, at: now)
    }
  }

  // MARK: Over a restart

  /// What is to be kept over a restart, always in the same order.
  package var records: [AlertRecord] {
    groups.withLock { groups in
      groups.flatMap { group in
        group.rules.flatMap { running in
          running.state.alerts.values.sorted { $0.fingerprint < $1.fingerprint }
            .map { AlertRecord($0, group: group.definition.name) }
        }
      }
    }
  }

  /// Takes over alerts of an earlier process, before the first tick. An alert whose rule is gone is left out. One that
  /// turns out not to hold any more resolves a minute later, with its notification; one that holds goes on unannounced.
  package func restore(_ records: [AlertRecord], at now: WallTime) {
    groups.withLock { groups in
      for record in records {
        guard let place = Self.place(of: record, in: groups),
          let alert = record.alert(of: groups[place.0].rules[place.1].rule)
        else { continue }
        groups[place.0].rules[place.1].state.restore(alert, at: now)
      }
    }
  }

  private static func place(of record: AlertRecord, in groups: [Group]) -> (Int, Int)? {
    for (groupIndex, group) in groups.enumerated() where group.definition.name == record.group {
      let rule = group.rules.firstIndex { running in
        running.rule.name == record.labels["alertname"] && running.rule.text == record.expression
      }
      if let rule { return (groupIndex, rule) }
    }
    return nil
  }

  // MARK: Reading

  /// Every alert, firing before pending, severest and oldest first.
  package var alerts: [Alert] {
    let order = ["critical": 0, "warning": 1, "info": 2]
    return groups.withLock { groups in groups.flatMap { $0.rules.flatMap(\.state.alerts.values) } }
      .sorted { a, b in
        let keyA = (a.state == .firing ? 0 : 1, order[a.severity] ?? 3, a.activeAt.unixMilliseconds, a.fingerprint)
        let keyB = (b.state == .firing ? 0 : 1, order[b.severity] ?? 3, b.activeAt.unixMilliseconds, b.fingerprint)
        return keyA < keyB
      }
  }

  package func alert(_ fingerprint: String) -> Alert? {
    groups.withLock { groups in
      for group in groups {
        for running in group.rules {
          if let found = running.state.alerts.values.first(where: { $0.fingerprint == fingerprint }) { return found }
        }
      }
      return nil
    }
  }

  package var status: [GroupStatus] {
    groups.withLock { $0 }.map { group in
      GroupStatus(
        name: group.definition.name, file: group.definition.file, intervalMilliseconds: group.intervalMilliseconds,
        limit: group.definition.limit,
        rules: group.rules.map { running in
          RuleStatus(
            rule: running.rule,
            alerts: running.state.alerts.values.sorted {
              ($0.activeAt, $0.fingerprint) < ($1.activeAt, $1.fingerprint)
            },
            lastError: running.error, lastEvaluation: running.lastEvaluation, seconds: running.seconds)
        }, lastEvaluation: group.lastEvaluation, seconds: group.seconds)
    }
  }

  package var ruleCount: Int { groups.withLock { $0.reduce(0) { $0 + $1.rules.count } } }
}
