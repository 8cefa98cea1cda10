import Alerting
import ControlModel
import DataPlane
import Identity
import MetricStore
import PromQL
import Store
import Telemetry
import Wire

/// Trying rules over what is stored, before they may wake people or stop trading.
struct RuleEndpoints {
  let context: AdminContext

  /// How long one request may calculate.
  private static let timeoutMilliseconds: Int64 = 30_000
  private static let defaultRangeMilliseconds: Int64 = 3_600_000

  /// POST /admin/rules/backtest
  func backtest(_ call: Call) async throws(Refusal) -> Reply {
    let request = try RequestBody.decode(BacktestRequest.self, members: BacktestRequest.members, call)
    let now = context.clocks.now
    let end = try time(request.end, "end") ?? now
    let start = try time(request.start, "start") ?? end.adding(milliseconds: -Self.defaultRangeMilliseconds)
    guard start < end else { throw Self.wrong("start", "is before end") }
    let step = try step(request.step, from: start, to: end)
    let rules = try rules(request)
    let results = try await run(rules, start...end, step)
    let keeps = request.record ?? false
    let actor = try call.principal.subject
    if keeps, try call.principal.role != .admin {
      throw Refusal(.accessDenied, "Only an admin keeps a record that lets a rule act by itself.")
    }
    var documents: [BacktestDocument] = []
    for result in results {
      let record = BacktestRecord(result, by: actor, isAccepted: request.accept ?? false, at: now)
      if keeps { try await context.backtests.keep(record, at: now, requestID: call.requestID) }
      documents.append(BacktestDocument(result, permits: keeps && record.permits))
    }
    return .json(200, Page(items: documents))
  }

  /// GET /admin/rules/backtests: the records that exist.
  func records(_ call: Call) async throws(Refusal) -> Reply {
    .json(200, RecordsDocument(items: context.backtests.library.all))
  }

  private struct RecordsDocument: Encodable {
    let items: [BacktestRecord]
  }

  // MARK: Reading

  private func rules(_ request: BacktestRequest) throws(Refusal) -> [Rule] {
    var groups = context.desk.ruleGroups
    if let text = request.rules {
      do throws(RuleFileProblem) {
        groups = try RuleFile.parse(text, file: request.file ?? "rules.yml")
      } catch {
        throw Refusal(
          .requestInvalid, "The rules are refused: \(error)", fields: [FieldProblem("rules", error.description)])
      }
    }
    let alerts = groups.flatMap(\.rules).filter { rule in
      guard case .alerting = rule.kind else { return false }
      return request.alert == nil || rule.name == request.alert
    }
    guard !alerts.isEmpty else {
      throw Self.wrong(
        "alert", request.alert.map { "\($0.prefix(64)) is not among the alerts" } ?? "is missing: there are none")
    }
    return alerts
  }

  private func step(_ text: String?, from start: WallTime, to end: WallTime) throws(Refusal) -> Int64 {
    let span = end.unixMilliseconds - start.unixMilliseconds
    guard let text else { return max(1000, (span / (Backtest.stepsMax - 1) + 999) / 1000 * 1000) }
    guard let step = DurationSetting.milliseconds(text), step > 0, span / step < Backtest.stepsMax else {
      throw Self.wrong("step", "is a duration that gives fewer than \(Backtest.stepsMax) steps")
    }
    return step
  }

  private func run(
    _ rules: [Rule], _ range: ClosedRange<WallTime>, _ step: Int64
  ) async throws(Refusal) -> [Backtest] {
    let (store, monotonic) = (context.metricStore, context.clocks.monotonic)
    let deadline = monotonic() + Self.timeoutMilliseconds * 1_000_000
    let result: Result<[Backtest], QueryError>
    do throws(QueryLanes.Busy) {
      result = try await QueryLanes.shared.run { isAbandoned in
        Result { () throws(QueryError) in
          var results: [Backtest] = []
          for rule in rules {
            results.append(
              try Backtest.run(
                rule, over: range, stepMilliseconds: step, in: store,
                shouldStop: { isAbandoned() || monotonic() > deadline }))
          }
          return results
        }
      }
    } catch {
      throw Refusal(.overloadShed, "Too many queries are waiting; try again.", retryAfterSeconds: 1)
    }
    do throws(QueryError) {
      return try result.get()
    } catch {
      throw Refusal(
        .requestInvalid, "The backtest ended early: \(error.description). Take a shorter range or a longer step.")
    }
  }

  private func time(_ text: String?, _ field: String) throws(Refusal) -> WallTime? {
    guard let text else { return nil }
    guard let time = WallTime(rfc3339: text) else { throw Self.wrong(field, "is a time (RFC 3339)") }
    return time
  }

  private static func wrong(_ field: String, _ problem: String) -> Refusal {
    Refusal(.requestInvalid, "\(field) \(problem).", fields: [FieldProblem(field, problem)])
  }
}

extension BacktestDocument {
  init(_ backtest: Backtest, permits: Bool) {
    var hold = ""
    if case .alerting(let alerting) = backtest.rule.kind {
      hold = DurationSetting.text(milliseconds: alerting.holdMilliseconds)
    }
    self.init(
      rule: backtest.rule.name, ruleHash: backtest.rule.hash, expression: backtest.rule.text, hold: hold,
      start: backtest.start.description, end: backtest.end.description, stepMs: backtest.stepMilliseconds,
      verdict: backtest.verdict.rawValue, count: backtest.count, longestMs: backtest.longestMilliseconds,
      missing: backtest.missing,
      firings: backtest.firings.map {
        Firing(
          labels: $0.labels, from: WallTime(unixMilliseconds: $0.from).description,
          to: $0.to.map { WallTime(unixMilliseconds: $0).description }, value: $0.value)
      }, permitsAuto: permits)
  }
}
