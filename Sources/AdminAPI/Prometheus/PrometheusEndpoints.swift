import Alerting
import ControlModel
import DataPlane
import MetricStore
import PromQL
import Telemetry

/// Prometheus' HTTP API (https://prometheus.io/docs/prometheus/latest/querying/api/). Answers and errors have Prometheus' shape, which its clients parse. A
/// caller with a tenant sees that tenant's series and alerts only.
struct PrometheusEndpoints {
  let context: AdminContext

  /// How long one query may wait and run.
  private static let timeoutMilliseconds: Int64 = 10_000

  /// For people who explore: rules have their own engine. A query holds up to 24 bytes a sample.
  var engine: Engine {
    var options = Engine.Options()
    options.samplesMax = 10_000_000
    options.compatibility = context.metricStore.settings.compatibility
    return Engine(options)
  }

  func query(_ call: Call) async throws(Refusal) -> Reply {
    await answer { () throws(PrometheusFailure) in
      let parameters = try PrometheusParameters(call)
      let expression = try parameters.expression()
      let time = try parameters.time("time") ?? context.clocks.wall()
      let engine = engine
      return try await evaluate(parameters) { store, shouldStop throws(QueryError) in
        let result = try engine.instant(expression, at: time, in: store, shouldStop: shouldStop)
        return PrometheusJSON.instant(result, at: time)
      }
    }
  }

  func queryRange(_ call: Call) async throws(Refusal) -> Reply {
    await answer { () throws(PrometheusFailure) in
      let parameters = try PrometheusParameters(call)
      let start = try parameters.requiredTime("start")
      let end = try parameters.requiredTime("end")
      guard start <= end else { throw .invalid("end", "end timestamp must not be before start time") }
      let step = try parameters.step()
      guard (end - start) / step < engine.options.stepsMax else {
        throw .badData(
          "exceeded maximum resolution of 11,000 points per timeseries. "
            + "Try decreasing the query resolution (?step=XX)")
      }
      let expression = try parameters.expression()
      guard expression.type == .scalar || expression.type == .vector else {
        throw .badData(
          "invalid expression type \"\(expression.type.rawValue)\" for range query, must be Scalar or instant Vector")
      }
      let engine = engine
      return try await evaluate(parameters) { store, shouldStop throws(QueryError) in
        PrometheusJSON.matrix(
          try engine.range(
            expression, over: start...end, stepMilliseconds: step, in: store, shouldStop: shouldStop))
      }
    }
  }

  func series(_ call: Call) async throws(Refusal) -> Reply {
    await answer { () throws(PrometheusFailure) in
      let parameters = try PrometheusParameters(call)
      guard !parameters.all("match[]").isEmpty else { throw .badData("no match[] parameter provided") }
      let selectors = try parameters.selectors()
      let limit = try parameters.limit() ?? .max
      guard let window = try parameters.window(now: context.clocks.wall()) else { return PrometheusJSON.labelSets([]) }
      return try await look { store throws(SeriesSourceError) in
        PrometheusJSON.labelSets(Array(try store.series(selectors, window: window).prefix(limit)))
      }
    }
  }

  func labels(_ call: Call) async throws(Refusal) -> Reply {
    await answer { () throws(PrometheusFailure) in
      let parameters = try PrometheusParameters(call)
      let selectors = try parameters.selectors()
      let limit = try parameters.limit() ?? .max
      guard let window = try parameters.window(now: context.clocks.wall()) else { return PrometheusJSON.strings([]) }
      return try await look { store throws(SeriesSourceError) in
        PrometheusJSON.strings(Array(try store.labelNames(selectors, window: window).prefix(limit)))
      }
    }
  }

  func labelValues(_ call: Call) async throws(Refusal) -> Reply {
    await answer { () throws(PrometheusFailure) in
      let parameters = try PrometheusParameters(call)
      let name = call.parameters["name"] ?? ""
      guard RuleFile.isLabelName(name) else { throw .badData("invalid label name: \"\(name.prefix(64))\"") }
      let selectors = try parameters.selectors()
      let limit = try parameters.limit() ?? .max
      guard let window = try parameters.window(now: context.clocks.wall()) else { return PrometheusJSON.strings([]) }
      return try await look { store throws(SeriesSourceError) in
        PrometheusJSON.strings(Array(try store.labelValues(name, selectors, window: window).prefix(limit)))
      }
    }
  }

  func rules(_ call: Call) async throws(Refusal) -> Reply {
    await answer { () throws(PrometheusFailure) in
      let parameters = try PrometheusParameters(call)
      var filter = PrometheusJSON.RuleFilter()
      filter.type = parameters.first("type") ?? ""
      guard ["", "alert", "record"].contains(filter.type) else {
        throw .invalid("type", "not supported value \"\(filter.type)\"")
      }
      filter.names = Set(parameters.all("rule_name[]"))
      filter.groups = Set(parameters.all("rule_group[]"))
      filter.files = Set(parameters.all("file[]"))
      filter.excludesAlerts = parameters.first("exclude_alerts") == "true"
      return PrometheusJSON.rules(context.desk.status, filter, tenant: parameters.tenant?.value)
    }
  }

  func alerts(_ call: Call) async throws(Refusal) -> Reply {
    await answer { () throws(PrometheusFailure) in
      PrometheusJSON.alerts(context.desk.alerts, tenant: try PrometheusParameters(call).tenant?.value)
    }
  }

  func buildInfo(_ call: Call) async throws(Refusal) -> Reply {
    await answer { () throws(PrometheusFailure) in
      // Clients choose by the version what they may ask.
      var line = JSONLine()
      line.begin()
      line.field("version", "3.0.0-breakwater-\(context.about.version)")
      for name in ["revision", "branch", "buildUser", "buildDate", "goVersion"] { line.attribute(name, .string("")) }
      line.end()
      return line.bytes
    }
  }

  // MARK: Answers

  /// Looks series up off the shared threads: blocks are read from disk.
  func look(
    _ work: @escaping @Sendable (MetricStore) throws(SeriesSourceError) -> [UInt8]
  ) async throws(PrometheusFailure) -> [UInt8] {
    let store = context.metricStore
    let result: Result<[UInt8], SeriesSourceError>
    do throws(QueryLanes.Busy) {
      result = try await QueryLanes.shared.run { _ in Result { () throws(SeriesSourceError) in try work(store) } }
    } catch {
      throw PrometheusFailure.busy
    }
    do throws(SeriesSourceError) {
      return try result.get()
    } catch {
      throw PrometheusFailure(QueryError.sourceFailed(error.message))
    }
  }

  /// Evaluates off the shared threads, for as long as the caller waits and the query may take.
  func evaluate(
    _ parameters: PrometheusParameters,
    _ work: @escaping @Sendable (MetricStore, @escaping () -> Bool) throws(QueryError) -> [UInt8]
  ) async throws(PrometheusFailure) -> [UInt8] {
    let timeout = min(try parameters.duration("timeout") ?? .max, Self.timeoutMilliseconds)
    let monotonic = context.clocks.monotonic
    let end = monotonic() + max(0, timeout) * 1_000_000
    let store = context.metricStore
    let result: Result<[UInt8], QueryError>
    do throws(QueryLanes.Busy) {
      result = try await QueryLanes.shared.run { isAbandoned in
        Result { () throws(QueryError) in try work(store) { isAbandoned() || monotonic() >= end } }
      }
    } catch {
      throw PrometheusFailure.busy
    }
    do throws(QueryError) {
      return try result.get()
    } catch {
      throw PrometheusFailure(error)
    }
  }

  private static let successBytes = Array(#"{"status":"success","data":"#.utf8)

  func answer(_ work: () async throws(PrometheusFailure) -> [UInt8]) async -> Reply {
    var status = 200
    var body: [UInt8]
    do throws(PrometheusFailure) {
      let data = try await work()
      body = []
      body.reserveCapacity(data.count + Self.successBytes.count + 1)
      body += Self.successBytes
      body += data
      body.append(UInt8(ascii: "}"))
    } catch {
      status = error.status
      var line = JSONLine()
      line.begin()
      line.field("status", "error")
      line.field("errorType", error.type)
      line.field("error", error.message)
      line.end()
      body = line.bytes
    }
    return Reply(status, contentType: "application/json", body: .bytes(body))
  }
}
