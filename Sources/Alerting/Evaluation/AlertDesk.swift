package import ControlModel
package import MetricStore
package import PromQL
import Synchronization
package import Telemetry
import Threads

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
    package enum What: String, Sendable, Codable, CaseIterable {
      case pending, firing, resolved
      /// Was pending and stopped holding: nobody is told.
      case dropped
    }

    package let what: What
    package let alert: Alert
    package let at: WallTime

    package init(what: What, alert: Alert, at: WallTime) {
      self.what = what
      self.alert = alert
      self.at = at
    }
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

    init(_ definition: RuleGroup, tickMilliseconds: Int64) {
      self.definition = definition
      intervalMilliseconds = max(definition.intervalMilliseconds ?? 0, tickMilliseconds)
      rules = definition.rules.map { RunningRule(rule: $0) }
    }

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
  /// Groups to be taken at the next tick.
  private let replacement = Mutex<[RuleGroup]?>(nil)

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
    self.groups = Mutex(groups.map { Group($0, tickMilliseconds: settings.intervalMilliseconds) })
    for group in groups { self.metrics.prepare(group.name) }
  }

  /// Evaluates every group that is due at `now` and returns what changed. One caller at a time.
  package func tick(at now: WallTime) -> [Transition] {
    var transitions: [Transition] = []
    // Evaluation works on a copy (some microseconds for a hundred rules), so that a slow query never blocks those who
    // list alerts.
    var working = groups.withLock { $0 }
    take(&working, &transitions, at: now)
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

  /// Evaluates only the rules that read one of `changed` metrics, between ticks: what was quiet and moved is looked at
  /// at once. What such a rule records counts as changed for the rules after it. One caller at a time, the same as of
  /// `tick`.
  package func look(at changed: Set<String>, at now: WallTime) -> [Transition] {
    var transitions: [Transition] = []
    var changed = changed
    var working = groups.withLock { $0 }
    for group in working.indices {
      for index in working[group].rules.indices {
        let rule = working[group].rules[index].rule
        guard let reads = rule.reads, !reads.isDisjoint(with: changed) else { continue }
        evaluate(&working[group].rules[index], of: working[group].definition, at: now, &transitions)
        if case .recording(let name) = rule.kind { changed.insert(name) }
      }
    }
    groups.withLock { $0 = working }
    return transitions
  }

  // MARK: Other rules

  /// Other rules, from the next tick on. A rule that was there before goes on where it was; what fired by a rule that is
  /// gone ends.
  package func replace(_ groups: [RuleGroup]) { replacement.withLock { $0 = groups } }

  private func take(_ working: inout [Group], _ transitions: inout [Transition], at now: WallTime) {
    guard
      let new = replacement.withLock({ replacement in
        defer { replacement = nil }
        return replacement
      })
    else { return }
    var old = working
    working = new.map { definition in
      metrics.prepare(definition.name)
      var group = Group(definition, tickMilliseconds: tickMilliseconds)
      guard let place = old.firstIndex(where: { $0.definition.name == definition.name }) else { return group }
      group.lastEvaluation = old[place].lastEvaluation
      for index in group.rules.indices {
        guard let known = old[place].rules.firstIndex(where: { $0.rule.isSame(as: group.rules[index].rule) }) else {
          continue
        }
        let running = old[place].rules.remove(at: known)
        group.rules[index] = RunningRule(rule: group.rules[index].rule, continuing: running)
      }
      return group
    }
    for running in old.flatMap(\.rules) {
      transitions += running.state.alerts.values.sorted { $0.fingerprint < $1.fingerprint }.map {
        Transition(what: $0.state == .firing ? .resolved : .dropped, alert: $0, at: now)
      }
      evaluator.end(running, at: now)
    }
  }

  private func evaluate(_ group: inout Group, at now: WallTime, _ transitions: inout [Transition]) {
    let start = clocks.monotonic()
    for index in group.rules.indices { evaluate(&group.rules[index], of: group.definition, at: now, &transitions) }
    let nanoseconds = clocks.monotonic() - start
    group.lastEvaluation = now
    group.seconds = Double(nanoseconds) / 1e9
    metrics.evaluated(group.definition.name, nanoseconds)
  }

  private func evaluate(
    _ running: inout RunningRule, of group: RuleGroup, at now: WallTime, _ transitions: inout [Transition]
  ) {
    let start = clocks.monotonic()
    do throws(QueryError) {
      let changes = try evaluator.evaluate(&running, of: group, at: now)
      transitions += changes.map { Self.transition($0, at: now) }
      running.error = nil
    } catch {
      running.error = error.description
      metrics.failed(group.name)
    }
    running.lastEvaluation = now
    running.seconds = Double(clocks.monotonic() - start) / 1e9
    ThreadSchedule.giveWay()
  }

  private static func transition(_ change: RuleState.Transition, at now: WallTime) -> Transition {
    switch change {
    case .started(let alert): Transition(what: .pending, alert: alert, at: now)
    case .fired(let alert): Transition(what: .firing, alert: alert, at: now)
    case .resolved(let alert): Transition(what: .resolved, alert: alert, at: now)
    case .dropped(let alert): Transition(what: .dropped, alert: alert, at: now)
    }
  }

  /// The same transitions, with requests that show what each alert that fired is about. One caller at a time, the same as
  /// of `tick`.
  package func illustrated(_ transitions: [Transition], by requests: (Alert) -> [String]) -> [Transition] {
    transitions.map { transition in
      guard transition.what == .firing else { return transition }
      let found = requests(transition.alert)
      guard !found.isEmpty else { return transition }
      var alert = transition.alert
      alert.exemplars = found
      groups.withLock { groups in
        for group in groups.indices {
          for rule in groups[group].rules.indices {
            groups[group].rules[rule].state.illustrate(alert.labels, found)
          }
        }
      }
      return Transition(what: .firing, alert: alert, at: transition.at)
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

  /// Takes over alerts of an earlier process, before the first tick. One that turns out not to hold any more resolves a
  /// minute later, with its notification; one that holds goes on unannounced. What fired by a rule that is gone ends now,
  /// which is what it answers.
  @discardableResult package func restore(_ records: [AlertRecord], at now: WallTime) -> [Transition] {
    groups.withLock { groups in
      records.compactMap { record in
        guard let place = Self.place(of: record, in: groups),
          let alert = record.alert(of: groups[place.0].rules[place.1].rule)
        else {
          guard record.state == .firing, let orphan = record.orphan else { return nil }
          return Transition(what: .resolved, alert: orphan, at: now)
        }
        groups[place.0].rules[place.1].state.restore(alert, at: now)
        return nil
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

  /// An alert that fires, and still holds, as if it began to fire at `now`.
  package func stillFiring(_ fingerprint: String, at now: WallTime) -> Transition? {
    guard let alert = alert(fingerprint), alert.state == .firing, alert.absentSince == nil else { return nil }
    return Transition(what: .firing, alert: alert, at: now)
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

  /// The rule of an alert as it is loaded, with how often its group is evaluated and what in the group fails; nil when it is
  /// gone.
  package func standing(
    of name: String, _ expression: String
  ) -> (rule: Rule, intervalMilliseconds: Int64, error: String?)? {
    groups.withLock { groups in
      for group in groups {
        guard let found = group.rules.first(where: { $0.rule.name == name && $0.rule.text == expression }) else {
          continue
        }
        return (found.rule, group.intervalMilliseconds, group.rules.lazy.compactMap(\.error).first)
      }
      return nil
    }
  }

  /// The rules in force.
  package var ruleGroups: [RuleGroup] { groups.withLock { $0.map(\.definition) } }

  /// Names of all alerting rules.
  package var alertNames: Set<String> {
    groups.withLock { groups in
      Set(
        groups.flatMap(\.rules).compactMap { running in
          if case .alerting(let alerting) = running.rule.kind { alerting.name } else { nil }
        })
    }
  }

  /// Metrics whose change is worth a look between ticks.
  package var metricsRead: Set<String> {
    groups.withLock { groups in groups.flatMap(\.rules).reduce(into: []) { $0.formUnion($1.rule.reads ?? []) } }
  }

  package var ruleCount: Int { groups.withLock { $0.reduce(0) { $0 + $1.rules.count } } }
}
