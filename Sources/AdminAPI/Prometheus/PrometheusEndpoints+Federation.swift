import ControlModel
import DataPlane
import MetricStore
import PromQL
import Telemetry

/// GET /federate: the newest sample of the series that match, for another Prometheus to scrape.
extension PrometheusEndpoints {
  func federate(_ call: Call) async throws(Refusal) -> Reply {
    let failure: PrometheusFailure
    do throws(PrometheusFailure) {
      let parameters = try PrometheusParameters(call)
      guard !parameters.all("match[]").isEmpty else { throw .badData("no match[] parameter provided") }
      let selectors = try parameters.selectors()
      let now = context.clocks.wall()
      let body = try await look { store throws(SeriesSourceError) in
        try Self.exposition(of: store.newest(selectors, at: now))
      }
      return Reply(200, contentType: MetricRegistry.expositionContentType, body: .bytes(body))
    } catch {
      failure = error
    }
    return .text(failure.status, failure.message + "\n")
  }

  /// Series of a metric together, with their type where it is known.
  private static func exposition(of samples: [(labels: Labels, sample: Sample)]) -> [UInt8] {
    let kinds = Dictionary(MetricCatalog.all.map { ($0.name, $0.kind.text) }, uniquingKeysWith: { first, _ in first })
    var out: [UInt8] = []
    var previous: String?
    for (labels, sample) in samples {
      let name = labels.metricName ?? ""
      if name != previous {
        previous = name
        out += "# TYPE \(name) \(kinds[name] == "histogram" ? "untyped" : kinds[name] ?? "untyped")\n".utf8
      }
      out += name.utf8
      var separator = "{"
      for (label, value) in labels.pairs where label != "__name__" {
        let escaped = value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
        out += "\(separator)\(label)=\"\(escaped)\"".utf8
        separator = ","
      }
      out += separator == "{" ? " ".utf8 : "} ".utf8
      out += "\(MetricRegistry.number(sample.value)) \(sample.timestamp)\n".utf8
    }
    return out
  }
}
