/// Evaluates queries over a source of series. A value without state: make as many as there are sets of options.
///
/// Pure and synchronous: the caller chooses the thread, passes the time and says when to stop.
package struct Engine: Sendable {
  package let options: Options

  package struct Options: Sendable {
    /// How far back an instant selector looks for the last sample.
    package var lookbackMilliseconds: Int64 = 300_000
    /// Most samples a query may load and produce together, label text it makes counted in. A sample takes eight bytes
    /// while the query runs and 24 in a result. The default is Prometheus' own.
    package var samplesMax = 50_000_000
    /// Most steps of a range query: one per pixel of a wide screen, three times over. Prometheus allows as many.
    package var stepsMax = 11_000
    /// The step of a subquery that names none.
    package var subqueryStepMilliseconds: Int64 = 60_000
    package var compatibility = Compatibility.v3

    package init() {}
  }

  /// Whose semantics to follow where Prometheus 2.x and 3.x differ.
  package enum Compatibility: Sendable {
    /// Prometheus 3.x: windows exclude a sample exactly at their start.
    case v3
    /// Prometheus 2.42: windows include it; a few functions behave as they did then. For side-by-side runs.
    case v2_42
  }

  /// - Precondition: the bounds are not negative, and the times are at least 1 ms and no longer than a query can write.
  package init(_ options: Options = Options()) {
    precondition(options.samplesMax >= 0 && options.stepsMax >= 0, "there are no negative bounds")
    for time in [options.lookbackMilliseconds, options.subqueryStepMilliseconds] {
      precondition((1...DurationText.millisecondsMax).contains(time), "\(time) ms is no lookback or step")
    }
    self.options = options
  }

  /// Evaluates at one time.
  ///
  /// Vectors come in the order of the source, or as `sort`, `topk` and the like leave them.
  /// - Parameters:
  ///   - time: in milliseconds since 1970.
  ///   - shouldStop: asked before the query starts and after every 65,536 samples or so; `true` ends it with
  ///     `.stopped`.
  package func instant(
    _ expression: Expression, at time: Int64, in source: any SeriesSource,
    shouldStop: @escaping () -> Bool = { false }
  ) throws(QueryError) -> QueryResult {
    try check(times: time...time)
    let grid = StepGrid(start: time)
    let evaluation = try Evaluation(source, options, span: QuerySpan(start: time, end: time, step: 0), shouldStop)
    return try evaluation.instant(expression.root, grid)
  }

  /// Evaluates at `times.lowerBound` and every `step` after it up to `times.upperBound`.
  ///
  /// Series come sorted by their labels, with samples only at steps where they have one.
  /// - Parameters:
  ///   - times: in milliseconds since 1970.
  ///   - step: in milliseconds.
  ///   - shouldStop: as for an instant query.
  package func range(
    _ expression: Expression, over times: ClosedRange<Int64>, stepMilliseconds step: Int64,
    in source: any SeriesSource, shouldStop: @escaping () -> Bool = { false }
  ) throws(QueryError) -> [SampledSeries] {
    guard expression.type == .scalar || expression.type == .vector else {
      throw .invalid(
        "invalid expression type \"\(expression.type.rawValue)\" for range query, must be Scalar or instant Vector")
    }
    try check(times: times)
    guard step > 0 else { throw .invalid("the step of a range query must be greater than 0") }
    let steps = (times.upperBound - times.lowerBound) / step + 1
    guard steps <= options.stepsMax else {
      throw .invalid("range query has \(steps) steps, the limit is \(options.stepsMax); use a larger step")
    }
    let grid = StepGrid(start: times.lowerBound, step: step, count: Int(steps))
    let span = QuerySpan(start: times.lowerBound, end: times.upperBound, step: step)
    let evaluation = try Evaluation(source, options, span: span, shouldStop)
    return try evaluation.range(expression.root, grid)
  }

  private func check(times: ClosedRange<Int64>) throws(QueryError) {
    guard times.lowerBound >= -StepGrid.timeMax, times.upperBound <= StepGrid.timeMax else {
      throw .invalid("the time of a query is out of range")
    }
  }
}

/// What the whole query spans, in milliseconds: the meaning of `@ start()`, `@ end()`, `step()` and `range()`.
struct QuerySpan {
  let start: Int64
  let end: Int64
  /// 0 for an instant query.
  let step: Int64
}
