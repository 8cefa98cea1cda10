import ControlModel
import DataPlane
import MetricStore
import PromQL
import Telemetry

/// What the API tells about metrics, exemplars and the server itself.
extension PrometheusEndpoints {
  /// The catalogue, and what senders said of their metrics.
  func metadata(_ call: Call) async throws(Refusal) -> Reply {
    await answer { () throws(PrometheusFailure) in
      let parameters = try PrometheusParameters(call)
      let wanted = parameters.first("metric") ?? ""
      let limit = try parameters.limit() ?? .max
      var entries: [String: MetadataBook.Entry] = [:]
      // A tenant sees what the product's metrics mean, not which ones others send.
      if parameters.tenant == nil { entries = context.metricIntake.metadata.all }
      for metric in MetricCatalog.all {
        entries[metric.name] = MetadataBook.Entry(type: metric.kind.text, help: metric.help, unit: "")
      }
      var out = Array("{".utf8)
      let shown = entries.filter { wanted.isEmpty || $0.key == wanted }.sorted { $0.key < $1.key }.prefix(limit)
      for (position, entry) in shown.enumerated() {
        if position > 0 { out.append(UInt8(ascii: ",")) }
        out += PrometheusJSON.string(entry.key)
        out += #":[{"type":"#.utf8
        out += PrometheusJSON.string(entry.value.type)
        out += #","help":"#.utf8
        out += PrometheusJSON.string(entry.value.help)
        out += #","unit":"#.utf8
        out += PrometheusJSON.string(entry.value.unit)
        out += "}]".utf8
      }
      return out + [UInt8(ascii: "}")]
    }
  }

  /// Exemplars of the series a query selects.
  func queryExemplars(_ call: Call) async throws(Refusal) -> Reply {
    await answer { () throws(PrometheusFailure) in
      let parameters = try PrometheusParameters(call)
      let selectors = try parameters.expression().selectors
      guard let window = try parameters.window(now: context.clocks.wall()) else { return Array("[]".utf8) }
      return PrometheusJSON.exemplars(context.metricStore.exemplars(selectors, window: window))
    }
  }

  func runtimeInfo(_ call: Call) async throws(Refusal) -> Reply {
    await object(call) { line in
      line.field("startTime", context.about.startedAt.description)
      line.field("reloadConfigSuccess", true)
      line.field("timeSeriesCount", context.metricStore.seriesCount)
      line.field("storageRetention", "\(context.metricStore.settings.retentionMilliseconds / 1000)s")
    }
  }

  func flags(_ call: Call) async throws(Refusal) -> Reply {
    await object(call) { line in
      let settings = context.metricStore.settings
      line.field("query.lookback-delta", "5m")
      line.field("query.max-samples", String(engine.options.samplesMax))
      line.field("storage.tsdb.retention.time", "\(settings.retentionMilliseconds / 1000)s")
      line.field("promql-compat", settings.compatibility == .v3 ? "3" : "2.42")
      line.field("web.enable-remote-write-receiver", "true")
    }
  }

  /// Breakwater scrapes nothing, so that there is nothing a Prometheus configuration could say.
  func configurationText(_ call: Call) async throws(Refusal) -> Reply {
    await object(call) { $0.field("yaml", "global: {}\n") }
  }

  func targets(_ call: Call) async throws(Refusal) -> Reply {
    await answer { () throws(PrometheusFailure) in
      _ = try PrometheusParameters(call)
      return Array(#"{"activeTargets":[],"droppedTargets":[],"droppedTargetCounts":{}}"#.utf8)
    }
  }

  /// What takes room in memory, for whoever looks for a label with too many values.
  func storeStatus(_ call: Call) async throws(Refusal) -> Reply {
    await answer { () throws(PrometheusFailure) in
      let parameters = try PrometheusParameters(call)
      try parameters.forEveryone()
      let statistics = context.metricStore.statistics(limit: try parameters.limit() ?? 10)
      var line = JSONLine()
      line.begin()
      line.open("headStats")
      line.field("numSeries", statistics.series)
      line.field("numLabelPairs", statistics.labelPairs)
      line.field("chunkCount", statistics.chunks)
      line.field("minTime", Int(statistics.minTime))
      line.field("maxTime", Int(statistics.maxTime))
      line.close()
      func list(_ name: StaticString, _ items: [(name: String, value: Int)]) {
        line.array(name, items) { line, item in
          line.field("name", item.name)
          line.field("value", item.value)
        }
      }
      list("seriesCountByMetricName", statistics.seriesByMetric)
      list("labelValueCountByLabelName", statistics.valuesByLabel)
      list("memoryInBytesByLabelName", statistics.bytesByLabel)
      list("seriesCountByLabelValuePair", statistics.seriesByPair)
      line.end()
      return line.bytes
    }
  }

  private func object(_ call: Call, _ write: (inout JSONLine) -> Void) async -> Reply {
    await answer { () throws(PrometheusFailure) in
      _ = try PrometheusParameters(call)
      var line = JSONLine()
      line.begin()
      write(&line)
      line.end()
      return line.bytes
    }
  }
}
