import ControlModel
import MetricStore
package import PromQL
import Telemetry

/// What was seen and not expected, or expected and not seen.
package struct RuleTestFailure: Sendable, Equatable, CustomStringConvertible {
  package let test: String
  package let atMilliseconds: Int64
  package let message: String

  package var description: String {
    let name = test.isEmpty ? "" : "\(test), "
    return "\(name)at \(DurationSetting.text(milliseconds: atMilliseconds)): \(message)"
  }
}

extension RuleTestFile {
  /// Runs every test of the file against the rules and returns what failed.
  ///
  /// As in promtool, each test starts with an empty store at time 0; all groups are evaluated at every evaluation
  /// interval, whatever their own interval, with the samples up to then; alerts are compared as they stood at the last
  /// evaluation not after the time of the check.
  package func run(
    _ groups: [RuleGroup], compatibility: Engine.Compatibility = .v3
  ) -> [RuleTestFailure] {
    let ordered =
      groupOrder.compactMap { name in groups.first { $0.name == name } }
      + groups.filter { !groupOrder.contains($0.name) }
    return tests.flatMap { test in
      var run = RuleTestRun(
        test, ordered, evaluationIntervalMilliseconds: evaluationIntervalMilliseconds, compatibility: compatibility)
      run.run()
      return run.failures
    }
  }
}

/// One test under way.
private struct RuleTestRun {
  private let test: RuleTest
  private let step: Int64
  private let store: MetricStore
  private let desk: AlertDesk
  private let engine: Engine
  private var references: [MetricStore.Reference?]
  /// Samples of every series handed to the store so far.
  private var loaded: Int64 = 0
  private(set) var failures: [RuleTestFailure] = []

  /// Evaluations of one test: a month of minutes, as many as a series can have samples.
  private static let evaluationsMax = Int64(SeriesNotation.valuesMax)

  init(
    _ test: RuleTest, _ groups: [RuleGroup], evaluationIntervalMilliseconds step: Int64,
    compatibility: Engine.Compatibility
  ) {
    self.test = test
    self.step = step
    let metrics = MetricRegistry()
    store = MetricStore(metrics: metrics)
    var settings = AlertDesk.Settings()
    settings.intervalMilliseconds = step
    settings.resultsMax = MetricRegistry.seriesMax
    settings.externalURL = test.externalURL
    settings.externalLabels = test.externalLabels
    settings.compatibility = compatibility
    let everyStep = groups.map { group in
      RuleGroup(
        name: group.name, intervalMilliseconds: step, queryOffsetMilliseconds: group.queryOffsetMilliseconds,
        limit: group.limit, rules: group.rules, file: group.file)
    }
    desk = AlertDesk(
      everyStep, settings: settings, store: store, clocks: Clocks(wall: { 0 }, monotonic: { 0 }), metrics: metrics)
    var options = Engine.Options()
    options.compatibility = compatibility
    options.subqueryStepMilliseconds = step
    engine = Engine(options)
    references = test.series.map { [store] in store.reference($0.labels) }
  }

  mutating func run() {
    let end = (test.alertChecks.map(\.atMilliseconds) + test.queryChecks.map(\.atMilliseconds)).max() ?? 0
    guard end / step < Self.evaluationsMax else {
      return fail(end, "more than \(Self.evaluationsMax) evaluations; use a longer evaluation_interval")
    }
    for time in stride(from: 0, through: end, by: Int64.Stride(step)) {
      load(upTo: time)
      _ = desk.tick(at: WallTime(unixMilliseconds: time))
      let errors = desk.status.flatMap { group in
        group.rules.compactMap { rule in rule.lastError.map { "the rule \(rule.rule.name) failed: \($0)" } }
      }
      guard errors.isEmpty else { return fail(time, errors.joined(separator: "; ")) }
      for check in test.alertChecks where (time..<time + step).contains(check.atMilliseconds) { perform(check) }
    }
    load(upTo: end)
    for check in test.queryChecks { perform(check) }
  }

  private mutating func fail(_ time: Int64, _ message: String) {
    failures.append(RuleTestFailure(test: test.name, atMilliseconds: time, message: message))
  }

  private mutating func load(upTo time: Int64) {
    while loaded * test.intervalMilliseconds <= time {
      var batch: [(MetricStore.Reference, Double)] = []
      for (reference, series) in zip(references, test.series) where loaded < Int64(series.values.count) {
        if let reference, let value = series.values[Int(loaded)] { batch.append((reference, value)) }
      }
      store.append(batch, at: loaded * test.intervalMilliseconds)
      loaded += 1
    }
  }

  private mutating func perform(_ check: RuleTest.AlertCheck) {
    let found = desk.alerts.filter { $0.name == check.alertName && $0.state == .firing }.map { alert in
      RuleTest.Expectation(
        labels: Dictionary(alert.labels.pairs.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 }),
        annotations: Dictionary(alert.annotations.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 }))
    }
    let (missing, extra) = Self.difference(check.expected, found)
    guard !missing.isEmpty || !extra.isEmpty else { return }
    fail(
      check.atMilliseconds,
      "\(check.alertName): expected and not firing: \(Self.text(missing)); firing and not expected: \(Self.text(extra))"
    )
  }

  private static func difference(
    _ expected: [RuleTest.Expectation], _ found: [RuleTest.Expectation]
  ) -> (missing: [RuleTest.Expectation], extra: [RuleTest.Expectation]) {
    var extra = found
    var missing: [RuleTest.Expectation] = []
    for one in expected {
      if let index = extra.firstIndex(of: one) { extra.remove(at: index) } else { missing.append(one) }
    }
    return (missing, extra)
  }

  private static func text(_ alerts: [RuleTest.Expectation]) -> String {
    guard !alerts.isEmpty else { return "none" }
    func text(_ map: [String: String]) -> String {
      "{" + map.sorted { $0.key < $1.key }.map { "\($0.key)=\"\($0.value)\"" }.joined(separator: ", ") + "}"
    }
    return alerts.map { "\(text($0.labels)) with \(text($0.annotations))" }.sorted().joined(separator: ", ")
  }

  private mutating func perform(_ check: RuleTest.QueryCheck) {
    let found: [(labels: Labels, value: Double)]
    do throws(QueryError) {
      switch try engine.instant(check.expression, at: check.atMilliseconds, in: store) {
      case .vector(let vector): found = vector.map { ($0.labels, $0.value) }
      case .scalar(let value): found = [(Labels(), value)]
      case .string, .matrix: throw .invalid("the result is neither a vector nor a scalar")
      }
    } catch {
      return fail(check.atMilliseconds, "\(check.text): \(error.description)")
    }
    let (expected, got) = (Self.lines(check.expected), Self.lines(found))
    guard expected != got else { return }
    fail(check.atMilliseconds, "\(check.text): expected \(expected), got \(got)")
  }

  /// Samples as sorted text, which compares values exactly and NaN with NaN.
  private static func lines(_ samples: [(labels: Labels, value: Double)]) -> [String] {
    samples.map { sample in
      let labels = sample.labels.pairs.map { "\($0.name)=\"\($0.value)\"" }.joined(separator: ", ")
      return "{\(labels)} \(GoFloat.shortest(sample.value))"
    }.sorted()
  }
}
