import Alerting
import ControlModel
import DataPlane
import Identity
import MetricStore
import NIOCore
import PromQL
import Telemetry

/// The part of Prometheus' HTTP API (https://prometheus.io/docs/prometheus/latest/querying/api/) that reads: instant and
/// range queries, series, labels, rules, alerts. A caller with a tenant sees that tenant's series only.
struct PrometheusEndpoints {
  let context: AdminContext

  /// How long one query may run.
  private static let deadlineNanoseconds: Int64 = 10_000_000_000

  func query(_ call: Call) async throws(Refusal) -> Reply {
    let parameters = Self.parameters(call)
    let expression = try expression(parameters, call)
    let time = try time(parameters.first("time"), "time") ?? context.clocks.wall()
    return try answer { () throws(QueryError) -> [UInt8] in
      let result = try Engine().instant(expression, at: time, in: context.metricStore, shouldStop: deadline())
      return PrometheusJSON.instant(result, at: time)
    }
  }

  func queryRange(_ call: Call) async throws(Refusal) -> Reply {
    let parameters = Self.parameters(call)
    let expression = try expression(parameters, call)
    guard let start = try time(parameters.first("start"), "start"), let end = try time(parameters.first("end"), "end"),
      let step = try step(parameters.first("step"))
    else { throw bad("start, end and step are wanted") }
    guard start <= end else { throw bad("end timestamp must not be before start time") }
    return try answer { () throws(QueryError) -> [UInt8] in
      let series = try Engine().range(
        expression, over: start...end, stepMilliseconds: step, in: context.metricStore, shouldStop: deadline())
      return PrometheusJSON.matrix(series)
    }
  }

  func series(_ call: Call) async throws(Refusal) -> Reply {
    let parameters = Self.parameters(call)
    let window = try window(parameters)
    var found: [Labels] = []
    for text in parameters.all("match[]") {
      let selector: SeriesSelector
      do throws(ParseError) {
        selector = try SeriesSelector(parsing: text)
      } catch {
        throw bad("match[]: \(error.description)")
      }
      found += context.metricStore.series(restricted(selector, call), window: window)
    }
    return ok(PrometheusJSON.labelSets(found))
  }

  func labels(_ call: Call) async throws(Refusal) -> Reply {
    ok(PrometheusJSON.strings(context.metricStore.labelNames()))
  }

  func labelValues(_ call: Call) async throws(Refusal) -> Reply {
    let name = call.parameters["name"] ?? ""
    if let tenant = call.caller?.tenant, name == "tenant" { return ok(PrometheusJSON.strings([tenant.text])) }
    return ok(PrometheusJSON.strings(context.metricStore.labelValues(name)))
  }

  func rules(_ call: Call) async throws(Refusal) -> Reply { ok(PrometheusJSON.rules(context.desk.status)) }
  func alerts(_ call: Call) async throws(Refusal) -> Reply { ok(PrometheusJSON.alerts(context.desk.alerts)) }

  func buildInfo(_ call: Call) async throws(Refusal) -> Reply {
    ok(
      Array(
        #"{"version":"3.0.0-breakwater-\#(context.about.version)","revision":"","branch":"","buildUser":"","buildDate":"","goVersion":""}"#
          .utf8))
  }

  // MARK: Parameters

  /// From the query string, and from a form body for POST.
  private static func parameters(_ call: Call) -> Query {
    guard call.method == .post else { return call.query }
    return Query(Array(call.body.readableBytesView))
  }

  private func expression(_ parameters: Query, _ call: Call) throws(Refusal) -> Expression {
    guard let text = parameters.first("query") else { throw bad("query is missing") }
    let parsed = try Self.expression(text)
    guard let tenant = call.caller?.tenant, let matcher = try? Matcher("tenant", .equal, tenant.text) else {
      return parsed
    }
    return parsed.restricted(by: matcher)
  }

  private static func expression(_ text: String) throws(Refusal) -> Expression {
    do throws(ParseError) {
      return try Expression(text)
    } catch {
      throw Refusal(.requestInvalid, error.description)
    }
  }

  private func restricted(_ selector: SeriesSelector, _ call: Call) -> SeriesSelector {
    guard let tenant = call.caller?.tenant, let matcher = try? Matcher("tenant", .equal, tenant.text) else {
      return selector
    }
    return selector.adding(matcher)
  }

  private func window(_ parameters: Query) throws(Refusal) -> ClosedRange<Int64> {
    let end = try time(parameters.first("end"), "end") ?? context.clocks.wall()
    let start = try time(parameters.first("start"), "start") ?? end - 3_600_000
    guard start <= end else { throw bad("end timestamp must not be before start time") }
    return start...end
  }

  /// Unix seconds with a fraction, or RFC 3339.
  private func time(_ text: String?, _ name: String) throws(Refusal) -> Int64? {
    guard let text else { return nil }
    if let seconds = GoFloat.parse(text), seconds.isFinite, abs(seconds) < 9e12 {
      return Int64((seconds * 1000).rounded())
    }
    if let time = WallTime(rfc3339: text) { return time.unixMilliseconds }
    throw bad("cannot parse \"\(text.prefix(64))\" to a valid timestamp for \(name)")
  }

  private func step(_ text: String?) throws(Refusal) -> Int64? {
    guard let text else { return nil }
    if let seconds = GoFloat.parse(text), seconds > 0, seconds < 9e12 { return Int64((seconds * 1000).rounded()) }
    if let duration = DurationSetting.milliseconds(text), duration > 0 { return duration }
    throw bad("zero or negative query resolution step widths are not accepted")
  }

  private func deadline() -> () -> Bool {
    let end = context.clocks.monotonic() + Self.deadlineNanoseconds
    let monotonic = context.clocks.monotonic
    return { monotonic() > end }
  }

  // MARK: Answers

  private func answer(_ work: () throws(QueryError) -> [UInt8]) throws(Refusal) -> Reply {
    do throws(QueryError) {
      return ok(try work())
    } catch {
      return failure(422, "execution", error.description)
    }
  }

  private func ok(_ data: [UInt8]) -> Reply {
    Reply(
      200, contentType: "application/json",
      body: .bytes(Array(#"{"status":"success","data":"#.utf8) + data + [UInt8(ascii: "}")]))
  }

  private func failure(_ status: Int, _ type: String, _ message: String) -> Reply {
    var line = JSONLine()
    line.begin()
    line.field("status", "error")
    line.field("errorType", type)
    line.field("error", message)
    line.end()
    return Reply(status, contentType: "application/json", body: .bytes(line.bytes))
  }

  private func bad(_ message: String) -> Refusal { Refusal(.requestInvalid, message) }
}
