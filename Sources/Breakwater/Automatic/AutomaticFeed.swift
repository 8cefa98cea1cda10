import Alerting
import ControlModel
import ControlPlane
import MetricStore
import PromQL
import RequestLog
import Store
import Telemetry

/// Makes triggers of alerts that begin to fire: what the rule reads, how fresh it is, what it looked like.
struct AutomaticFeed: Sendable {
  let desk: AlertDesk
  let store: MetricStore
  let log: LogWriter
  /// Whether a rule, as it is loaded, has a backtest that lets it act by itself.
  let isPermitted: @Sendable (Rule) -> Bool

  /// Metrics that are zero as long as nothing is broken: one breach of one of them is proof enough.
  static let invariants: Set<String> = [
    "breakwater_reconciliation_mismatches", "breakwater_invariant_violations_total",
    "breakwater_tenant_isolation_violations_total",
  ]
  /// Ten minutes of each input.
  private static let inputMilliseconds: Int64 = 600_000
  private static let stepMilliseconds: Int64 = 15_000
  /// Series kept of one trigger; a rule that reads more is known by its first ones.
  private static let seriesMax = 50
  private static let exemplarsMax = 5

  /// The trigger of a firing alert, with what the rails ask about; nil when its labels call for nothing.
  func trigger(_ alert: Alert, at now: WallTime) -> AutomaticTrigger? {
    guard let mode = alert.labels["control_mode"].flatMap(AutomaticTrigger.Mode.init(rawValue:)),
      let action = alert.labels["control"].flatMap(AutomaticTrigger.Action.init(rawValue:))
    else { return nil }
    let standing = desk.standing(of: alert.name, alert.expression)
    let names = Self.metrics(in: alert.expression)
    let ages = names.map { age(of: $0, at: now) }
    return AutomaticTrigger(
      alert: alert.name, fingerprint: alert.fingerprint,
      summary: alert.annotations.first { $0.name == "summary" }?.value ?? alert.name, mode: mode, action: action,
      tenant: alert.labels["tenant"].flatMap { TenantID($0) },
      profile: alert.labels["profile"].flatMap { ProfileID($0) },
      ruleHash: standing?.rule.hash ?? "", expression: alert.expression, value: alert.value,
      isInvariantBreach: names.contains { Self.invariants.contains($0) },
      independentSeries: ages.count { $0 != nil },
      inputAgeMilliseconds: ages.contains { $0 == nil } ? nil : ages.compactMap(\.self).max(),
      intervalMilliseconds: standing?.intervalMilliseconds ?? 0, evaluationError: standing?.error,
      isBacktested: standing.map { isPermitted($0.rule) } ?? false)
  }

  /// What the alert's rule saw, and requests that went wrong meanwhile: for people, so it is put together after an act.
  func evidence(_ alert: Alert, at now: WallTime) async -> AutomaticTrigger.Evidence {
    AutomaticTrigger.Evidence(
      inputs: Array(Self.metrics(in: alert.expression).flatMap { inputs($0, at: now) }.prefix(Self.seriesMax)),
      exemplars: await exemplars(at: now))
  }

  /// Metric names in an expression, each once, in order. A histogram's series count as one.
  static func metrics(in expression: String) -> [String] {
    var names: [String] = []
    for match in expression.matches(of: /[a-zA-Z_:][a-zA-Z0-9_:]*/) {
      let name = String(match.0)
      guard name.hasPrefix("breakwater_") || name.hasPrefix("process_"), !names.contains(name) else { continue }
      names.append(name)
    }
    return names
  }

  /// How old the newest sample of `metric` is; nil when it has none.
  private func age(of metric: String, at now: WallTime) -> Int64? {
    guard case .vector(let newest)? = instant("max(timestamp(\(metric)))", at: now), let time = newest.first?.value
    else { return nil }
    return now.unixMilliseconds - Int64(time * 1000)
  }

  private func instant(_ text: String, at now: WallTime) -> QueryResult? {
    guard let expression = try? Expression(text) else { return nil }
    return try? Engine().instant(expression, at: now.unixMilliseconds, in: store)
  }

  private func inputs(_ metric: String, at now: WallTime) -> [AutomaticTrigger.Input] {
    let end = now.unixMilliseconds
    guard let expression = try? Expression(metric),
      let series = try? Engine().range(
        expression, over: end - Self.inputMilliseconds...end, stepMilliseconds: Self.stepMilliseconds, in: store)
    else { return [] }
    return series.prefix(Self.seriesMax).map { one in
      let labels = one.labels.pairs.filter { $0.name != "__name__" }.map { "\($0.name)=\"\($0.value)\"" }
      return AutomaticTrigger.Input(
        series: "\(metric){\(labels.joined(separator: ","))}",
        points: one.samples.map { (at: $0.timestamp, value: $0.value) })
    }
  }

  /// The newest requests that went wrong.
  private func exemplars(at now: WallTime) async -> [String] {
    var query = LogQuery(limit: 200)
    query.since = now.adding(milliseconds: -Self.inputMilliseconds)
    query.severity = "WARN"
    var ids: [String] = []
    for record in await log.search(query) {
      guard let id = record.requestID, !ids.contains(id) else { continue }
      ids.append(id)
      if ids.count == Self.exemplarsMax { break }
    }
    return ids
  }
}
