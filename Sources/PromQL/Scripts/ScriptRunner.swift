/// Runs a script as Prometheus' own test suite does.
///
/// Each instant evaluation is also checked as the middle step of a range query, and with every selector pinned to its
/// time by `@` and evaluated at other times.
package struct ScriptRunner {
  private var store = ScriptStore()
  private let engine: Engine
  package private(set) var evaluations = 0
  /// Comparisons of a result with its expectation, variants included.
  package private(set) var checks = 0
  package private(set) var failures: [String] = []

  package init(_ compatibility: Engine.Compatibility) {
    var options = Engine.Options()
    options.compatibility = compatibility
    options.samplesMax = 1_000_000
    engine = Engine(options)
  }

  package mutating func run(_ script: Script) {
    for command in script.commands {
      switch command {
      case .clear: store = ScriptStore()
      case .load(let interval, let notations):
        for notation in notations { store.add(notation, every: interval) }
      case .evaluate(let test):
        evaluations += 1
        if test.step > 0 { checkRange(test) } else { checkInstant(test) }
      }
    }
  }

  private mutating func check(_ test: ScriptCase, _ query: String, _ note: String, _ body: () throws -> String?) {
    checks += 1
    do {
      let problem = try body()
      if test.expectsFailure { fail(test, query, note, "expected a failure") }
      if let problem { fail(test, query, note, problem) }
    } catch {
      if !test.expectsFailure { fail(test, query, note, "\(error)") }
    }
  }

  private mutating func fail(_ test: ScriptCase, _ query: String, _ note: String, _ problem: String) {
    failures.append("line \(test.line) \(note): \(query): \(problem)")
  }

  private mutating func checkInstant(_ test: ScriptCase) {
    let time = test.times.lowerBound
    checkInstant(test, test.query, at: time, "as written")
    guard let expression = try? Expression(test.query), let pinned = expression.pinned(at: time) else { return }
    for other in time == 0 ? [-1000, 0, 1000] : [-10 * time, 0, time / 5, time, 10 * time] {
      checkInstant(test, pinned.description, at: other, "pinned, at \(other)")
    }
  }

  private mutating func checkInstant(_ test: ScriptCase, _ query: String, at time: Int64, _ note: String) {
    let (engine, store) = (engine, store)
    check(test, query, note) {
      Self.compare(try engine.instant(Expression(query), at: time, in: store), test)
    }
    if test.isOrdered || test.expectsFailure || test.expectedString != nil { return }
    check(test, query, "\(note), as a range") {
      let expression = try Expression(query)
      let series = try engine.range(
        expression, over: (time - 60_000)...(time + 60_000), stepMilliseconds: 60_000, in: store)
      let middle: [LabeledValue] = series.compactMap { series in
        series.samples.first { $0.timestamp == time }.map { LabeledValue(labels: series.labels, value: $0.value) }
      }
      if expression.type == .scalar { return Self.compare(.scalar(middle.first?.value ?? .nan), test) }
      return Self.compare(.vector(middle), test)
    }
  }

  private mutating func checkRange(_ test: ScriptCase) {
    let (engine, store) = (engine, store)
    check(test, test.query, "range") {
      let series = try engine.range(
        Expression(test.query), over: test.times, stepMilliseconds: test.step, in: store)
      return Self.compare(series, test)
    }
  }

  private static func compare(_ series: [SampledSeries], _ test: ScriptCase) -> String? {
    for expected in test.expectedSeries {
      let samples = series.first { $0.labels == expected.labels }?.samples ?? []
      for (index, value) in expected.values.enumerated() {
        let time = test.times.lowerBound + Int64(index) * test.step
        let found = samples.first { $0.timestamp == time }?.value
        if !areAlmostEqual(found, value) {
          return "\(expected.labels) at \(time): expected \(value as Any), got \(found as Any)"
        }
      }
    }
    let expected = Set(test.expectedSeries.map(\.labels))
    return series.first { !expected.contains($0.labels) }.map { "unexpected series \($0.labels)" }
  }

  private static func compare(_ result: QueryResult, _ test: ScriptCase) -> String? {
    switch result {
    case .scalar(let value):
      return areAlmostEqual(value, test.expectedScalar) ? nil : "expected \(test.expectedScalar as Any), got \(value)"
    case .string(let value): return value == test.expectedString ? nil : "got string \(value)"
    case .vector(let found): return compare(found, test)
    case .matrix: return "got a range vector"
    }
  }

  private static func compare(_ found: [LabeledValue], _ test: ScriptCase) -> String? {
    for (position, sample) in found.enumerated() {
      guard let index = test.expectedSeries.firstIndex(where: { $0.labels == sample.labels }) else {
        return "unexpected \(sample.labels) = \(sample.value)"
      }
      if test.isOrdered, index != position { return "\(sample.labels) at position \(position), expected \(index)" }
      let value = test.expectedSeries[index].values.first ?? nil
      if !areAlmostEqual(sample.value, value) {
        return "\(sample.labels): expected \(value as Any), got \(sample.value)"
      }
    }
    let labels = Set(found.map(\.labels))
    if labels.count < found.count { return "a series occurs twice" }
    return test.expectedSeries.first { !labels.contains($0.labels) }.map { "missing \($0.labels)" }
  }

  /// Prometheus' measure: a relative difference below 1e-6, or both NaN.
  private static func areAlmostEqual(_ a: Double?, _ b: Double?) -> Bool {
    guard let a, let b else { return a == nil && b == nil }
    if a == b || (a.isNaN && b.isNaN) { return true }
    let difference = (a - b).magnitude
    if a == 0 || b == 0 || difference < .leastNormalMagnitude {
      return difference < 1e-6 * .leastNormalMagnitude
    }
    return difference / (a.magnitude + b.magnitude) < 1e-6
  }
}
