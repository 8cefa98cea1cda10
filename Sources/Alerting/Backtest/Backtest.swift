package import ControlModel
package import MetricStore
package import PromQL

/// What a rule would have done over stored history, with its `for` and `keep_firing_for`.
package struct Backtest: Sendable {
  /// One time the alert would have fired.
  package struct Firing: Codable, Sendable, Equatable {
    package let labels: [String: String]
    /// Unix milliseconds; the end is nil when it still fired at the end of the range.
    package let from: Int64
    package var to: Int64?
    /// The value when it fired, as text.
    package let value: String
  }

  package let rule: Rule
  package let start: WallTime
  package let end: WallTime
  package let stepMilliseconds: Int64
  /// Oldest first.
  package let firings: [Firing]
  /// Firings that found no room.
  package let dropped: Int
  /// Metrics the rule reads that were not there in every part of the range.
  package let missing: [String]

  /// Steps of one backtest: a week of minutes, or three hours of seconds.
  package static let stepsMax: Int64 = 11_000
  /// At the end of each of so many equal parts of the range every metric the rule reads has to be there.
  package static let coverageParts: Int64 = 12
  /// Firings kept.
  package static let firingsMax = 1_000

  package var count: Int { firings.count + dropped }
  package var longestMilliseconds: Int64 {
    firings.map { ($0.to ?? end.unixMilliseconds) - $0.from }.max() ?? 0
  }

  package var verdict: BacktestRecord.Verdict { missing.isEmpty ? count == 0 ? .quiet : .fired : .noData }

  /// Evaluates `rule` at every step. Throws what a query over the range throws.
  ///
  /// - Parameter shouldStop: asked now and then; `true` ends it with `.stopped`.
  package static func run(
    _ rule: Rule, over range: ClosedRange<WallTime>, stepMilliseconds step: Int64, in store: MetricStore,
    shouldStop: @escaping () -> Bool = { false }
  ) throws(QueryError) -> Backtest {
    guard case .alerting(let alerting) = rule.kind else { throw .invalid("a backtest is of an alert") }
    let window = range.lowerBound.unixMilliseconds...range.upperBound.unixMilliseconds
    guard step > 0, (window.upperBound - window.lowerBound) / step < stepsMax else {
      throw .invalid("a backtest has at most \(stepsMax) steps; use a longer step or a shorter range")
    }
    var options = Engine.Options()
    options.samplesMax = 20_000_000
    let engine = Engine(options)
    let series = try engine.range(
      rule.expression, over: window, stepMilliseconds: step, in: store, shouldStop: shouldStop)
    var machine = Machine(rule, alerting)
    var cursors = Array(repeating: 0, count: series.count)
    for time in stride(from: window.lowerBound, through: window.upperBound, by: Int64.Stride(step)) {
      var holdings: [RuleState.Holding] = []
      for (index, one) in series.enumerated() where cursors[index] < one.samples.count {
        let sample = one.samples[cursors[index]]
        guard sample.timestamp == time else { continue }
        cursors[index] += 1
        if let holding = machine.holding(one.labels, sample.value) { holdings.append(holding) }
      }
      machine.take(holdings, at: WallTime(unixMilliseconds: time))
    }
    return Backtest(
      rule: rule, start: range.lowerBound, end: range.upperBound, stepMilliseconds: step, firings: machine.firings,
      dropped: machine.dropped, missing: try missing(rule, window, engine, store, shouldStop: shouldStop))
  }

  /// What the rule reads has to be there all the time to prove anything: a rule was quiet over an hour only if there was an
  /// hour to be quiet in.
  private static func missing(
    _ rule: Rule, _ window: ClosedRange<Int64>, _ engine: Engine, _ store: MetricStore,
    shouldStop: @escaping () -> Bool
  ) throws(QueryError) -> [String] {
    let span = window.upperBound - window.lowerBound
    let part = max(1, span / coverageParts)
    let times = min(window.lowerBound + part, window.upperBound)...window.upperBound
    let needed = (times.upperBound - times.lowerBound) / part + 1
    // What a rule reads that names no metric cannot be looked for.
    guard let reads = rule.reads else { return ["metrics it does not name"] }
    var missing: [String] = []
    for name in reads.sorted() {
      // A name that cannot be written this way is not found.
      guard let count = try? Expression("count({__name__=`\(name)`})") else {
        missing.append(name)
        continue
      }
      let present = try engine.range(
        count, over: times, stepMilliseconds: part, in: store, shouldStop: shouldStop)
      if Int64(present.first?.samples.count ?? 0) < needed { missing.append(name) }
    }
    return missing
  }

  /// The rule's alerts while time passes.
  private struct Machine {
    let rule: Rule
    let alerting: Rule.Alerting
    var state = RuleState()
    var firings: [Firing] = []
    var dropped = 0
    /// Places in `firings` of alerts that fire.
    var open: [Labels: Int] = [:]

    init(_ rule: Rule, _ alerting: Rule.Alerting) {
      self.rule = rule
      self.alerting = alerting
    }

    func holding(_ labels: Labels, _ value: Double) -> RuleState.Holding? {
      let pairs = labels.withoutName.pairs.map { ($0.name, $0.value) }
      let context = TemplateContext(
        labels: Dictionary(pairs, uniquingKeysWith: { first, _ in first }), value: value, externalLabels: [:],
        externalURL: "", query: { (_) throws(TemplateProblem) in [] })
      var all = Dictionary(pairs, uniquingKeysWith: { first, _ in first })
      for label in rule.labels { all[label.name] = label.template.rendered(context) }
      all["alertname"] = alerting.name
      return (try? Labels(all.map { ($0.key, $0.value) })).map {
        RuleState.Holding(labels: $0, value: value, annotations: [])
      }
    }

    mutating func take(_ holdings: [RuleState.Holding], at now: WallTime) {
      for transition in state.take(holdings, of: alerting, expression: rule.text, at: now) {
        switch transition {
        case .started, .dropped: break
        case .fired(let alert):
          guard firings.count < Backtest.firingsMax else {
            dropped += 1
            continue
          }
          open[alert.labels] = firings.count
          firings.append(
            Firing(
              labels: Dictionary(
                alert.labels.pairs.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first }),
              from: now.unixMilliseconds, to: nil, value: GoFloat.shortest(alert.value)))
        case .resolved(let alert):
          if let place = open.removeValue(forKey: alert.labels) { firings[place].to = now.unixMilliseconds }
        }
      }
    }
  }
}
