import ControlModel
import DataPlane
import Identity
import Telemetry
import Wire

/// What load balancers and monitoring systems ask.
struct HealthEndpoints {
  let context: AdminContext
  /// Whether the process is shutting down.
  let isDraining: @Sendable () -> Bool

  /// GET /health/live: the process answers.
  func live(_ call: Call) async throws(Refusal) -> Reply { .text(200, "live\n") }

  /// GET /health/ready: it should get traffic. A held gate does not matter here: reading works, and so does stopping.
  func ready(_ call: Call) async throws(Refusal) -> Reply {
    if isDraining() { return .text(503, "draining\n") }
    return context.keys().keyIDs.isEmpty ? .text(503, "signing keys are not loaded\n") : .text(200, "ready\n")
  }

  /// GET /health: the parts, as JSON.
  func parts(_ call: Call) async throws(Refusal) -> Reply {
    let dependencies = StatusReport(context).dependencies(at: context.clocks.now)
    let isWell = dependencies.allSatisfy { $0.state == "ok" }
    return .json(
      200,
      Health(
        status: isWell ? "ok" : "degraded",
        parts: dependencies.map { .init(name: $0.name, state: $0.state, detail: $0.detail) }))
  }

  private struct Health: Encodable {
    struct Part: Encodable {
      let name: String
      let state: String
      let detail: String
    }

    let status: String
    let parts: [Part]
  }

  /// GET /metrics: the text format, or OpenMetrics for who asks for it.
  func metrics(_ call: Call) async throws(Refusal) -> Reply {
    if (call.field("accept") ?? "").contains("application/openmetrics-text") {
      return Reply(
        200, contentType: MetricRegistry.openMetricsContentType, fields: [("Vary", "Accept")],
        body: .bytes(context.registry.openMetrics(at: context.clocks.wall())))
    }
    return Reply(
      200, contentType: MetricRegistry.expositionContentType, fields: [("Vary", "Accept")],
      body: .bytes(context.registry.exposition()))
  }

  /// GET /version
  func version(_ call: Call) async throws(Refusal) -> Reply {
    .json(200, ["version": context.about.version, "replica": context.about.replica.text])
  }
}

extension AdminContext {
  /// Keeps `breakwater_health_status` at what `/health` answers: 1 for a part that is well, else 0.
  package func measureHealth() {
    let family = registry.family(MetricCatalog.healthStatus)
    let report = StatusReport(self)
    registry.onCollect {
      for part in report.dependencies(at: report.context.clocks.now) {
        family.gauge(part.name.lowercased().replacing(" ", with: "_")).set(part.state == "ok" ? 1 : 0)
      }
    }
  }
}
