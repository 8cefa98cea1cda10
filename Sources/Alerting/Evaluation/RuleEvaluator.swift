import ControlModel
import MetricStore
import PromQL

/// One rule with what its evaluations leave behind.
struct RunningRule: Sendable {
  private(set) var rule: Rule
  var state = RuleState()
  /// Series the last successful evaluation wrote. Those the next one does not write have ended.
  var written: Set<MetricStore.Reference> = []
  var error: String?
  var lastEvaluation: WallTime?
  var seconds = 0.0

  init(rule: Rule) {
    self.rule = rule
  }

  /// The same rule from a file read again: it goes on where `old` was.
  init(rule: Rule, continuing old: RunningRule) {
    self = old
    self.rule = rule
  }
}

/// Evaluates single rules against the store and writes what they yield back to it.
struct RuleEvaluator: Sendable {
  let engine: Engine
  let store: MetricStore
  /// Most alerts or series of one rule.
  let resultsMax: Int
  let externalURL: String
  let externalLabels: [String: String]

  typealias Element = (labels: Labels, value: Double)

  /// Evaluates `running` at `now`. When it throws nothing has changed: alerts stay as they were, and their series too.
  func evaluate(
    _ running: inout RunningRule, of group: RuleGroup, at now: WallTime
  ) throws(QueryError) -> [RuleState.Transition] {
    let rule = running.rule
    let time = now.unixMilliseconds - group.queryOffsetMilliseconds
    let vector = try values(of: rule, at: time)
    let limit = group.limit == 0 ? resultsMax : min(group.limit, resultsMax)
    switch rule.kind {
    case .recording(let name):
      guard vector.count <= limit else { throw .invalid("exceeded limit of \(limit) with \(vector.count) series") }
      write(try recorded(vector, as: name, rule), of: &running, at: time)
      return []
    case .alerting(let alerting):
      guard vector.count <= limit else { throw .invalid("exceeded limit of \(limit) with \(vector.count) alerts") }
      let holdings = try holdings(vector, rule, alerting, at: time)
      let transitions = running.state.take(holdings, of: alerting, expression: rule.text, at: now)
      write(alertSeries(running.state), of: &running, at: time)
      return transitions
    }
  }

  private func values(of rule: Rule, at time: Int64) throws(QueryError) -> [Element] {
    switch try engine.instant(rule.expression, at: time, in: store) {
    case .vector(let vector): return vector.map { ($0.labels, $0.value) }
    case .scalar(let value): return [(Labels(), value)]
    case .string, .matrix: throw .invalid("a rule's expression yields a vector or a scalar")
    }
  }

  private func recorded(_ vector: [Element], as name: String, _ rule: Rule) throws(QueryError) -> [Element] {
    var seen: Set<Labels> = []
    var series: [Element] = []
    for element in vector {
      let own = rule.labels.map { (name: $0.name, value: $0.template.text) }
      let labels = try self.labels(element.labels, with: own, "__name__", name)
      guard seen.insert(labels).inserted else {
        throw .invalid("vector contains metrics with the same labelset after applying rule labels")
      }
      series.append((labels, element.value))
    }
    return series
  }

  /// What holds, with the rule's own labels and words.
  private func holdings(
    _ vector: [Element], _ rule: Rule, _ alerting: Rule.Alerting, at time: Int64
  ) throws(QueryError) -> [RuleState.Holding] {
    var seen: Set<Labels> = []
    var holdings: [RuleState.Holding] = []
    for element in vector {
      let context = TemplateContext(
        labels: Self.dictionary(element.labels), value: element.value, externalLabels: externalLabels,
        externalURL: externalURL,
        query: { (text) throws(TemplateProblem) in try templateQuery(text, at: time) })
      let own = rule.labels.map { (name: $0.name, value: $0.template.rendered(context)) }
      let labels = try self.labels(element.labels, with: own, "alertname", alerting.name)
      guard seen.insert(labels).inserted else {
        throw .invalid("vector contains metrics with the same labelset after applying alert labels")
      }
      holdings.append(
        RuleState.Holding(
          labels: labels, value: element.value,
          annotations: alerting.annotations.map { ($0.name, $0.template.rendered(context)) }))
    }
    return holdings
  }

  /// The labels of a result without its name, overridden by the rule's own and by one more.
  private func labels(
    _ labels: Labels, with own: [(name: String, value: String)], _ name: String, _ value: String
  ) throws(QueryError) -> Labels {
    let overridden = Set(own.map(\.name) + [name])
    let pairs =
      labels.withoutName.pairs.filter { !overridden.contains($0.name) } + own.filter { $0.name != name }
      + [(name: name, value: value)]
    do throws(LabelError) {
      return try Labels(pairs)
    } catch {
      throw .invalid(error.description)
    }
  }

  private static func dictionary(_ labels: Labels) -> [String: String] {
    Dictionary(labels.pairs.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
  }

  /// The function `query` of templates.
  private func templateQuery(_ text: String, at time: Int64) throws(TemplateProblem) -> [TemplateSample] {
    do {
      switch try engine.instant(try Expression(text), at: time, in: store) {
      case .vector(let vector):
        return vector.map { TemplateSample(labels: Self.dictionary($0.labels), value: $0.value) }
      case .scalar(let value): return [TemplateSample(labels: [:], value: value)]
      case .string, .matrix: throw TemplateProblem("query result is not a vector or scalar")
      }
    } catch {
      throw TemplateProblem("error calling query: \(error)")
    }
  }

  // MARK: Series of rules

  /// `ALERTS{alertstate=…} 1` and `ALERTS_FOR_STATE`, the second when it began to hold, for every alert.
  private func alertSeries(_ state: RuleState) -> [Element] {
    state.alerts.values.flatMap { alert -> [Element] in
      let pairs = alert.labels.pairs
      let alerts = try? Labels(
        pairs.filter { $0.name != "alertstate" } + [
          (name: "__name__", value: "ALERTS"), (name: "alertstate", value: alert.state.rawValue),
        ])
      let forState = try? Labels(pairs + [(name: "__name__", value: "ALERTS_FOR_STATE")])
      let since = (Double(alert.activeAt.unixMilliseconds) / 1000).rounded(.down)
      return [(alerts, 1), (forState, since)].compactMap { (labels, value) in labels.map { ($0, value) } }
    }
  }

  /// The rule is gone: its series end.
  func end(_ running: RunningRule, at now: WallTime) {
    store.append(running.written.map { ($0, SampleValue.staleMarker) }, at: now.unixMilliseconds)
  }

  /// Writes `series`, and a stale marker to every series the rule wrote last time and no longer does, so that queries
  /// see its end at once and not five minutes later.
  private func write(_ series: [Element], of running: inout RunningRule, at time: Int64) {
    var batch: [(MetricStore.Reference, Double)] = []
    var written: Set<MetricStore.Reference> = []
    for element in series {
      guard let reference = store.reference(element.labels) else { continue }  // counted by the store
      batch.append((reference, element.value))
      written.insert(reference)
    }
    for ended in running.written.subtracting(written) { batch.append((ended, SampleValue.staleMarker)) }
    running.written = written
    store.append(batch, at: time)
  }
}
