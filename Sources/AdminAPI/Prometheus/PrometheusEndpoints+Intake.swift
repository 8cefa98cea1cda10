import ControlModel
import DataPlane
import Identity
import MetricStore
import NIOCore
import PromQL
import Telemetry

/// Samples others send: remote_write and OTLP. A caller with a tenant writes that tenant's series only.
extension PrometheusEndpoints {
  /// Longest request body before decompression.
  static let intakeBytesMax = 16 << 20

  /// Stores are done one after the other, apart from the threads that everything shares.
  private static let lane = QueryLanes(threads: 1, waitingMax: 64)

  /// POST …/api/v1/write: remote_write 1.0. 204 when every sample is stored; 400 when some never can be, the others are
  /// stored; 503 when sending again is right.
  func write(_ call: Call) async throws(Refusal) -> Reply {
    let encoding = call.field("content-encoding") ?? "snappy"
    guard encoding == "snappy", !(call.field("content-type") ?? "").contains("io.prometheus.write.v2") else {
      return Self.text(415, "remote_write 1.0 is understood: application/x-protobuf, snappy-compressed")
    }
    let (body, tenant) = (call.body, call.caller?.tenant?.text)
    return await take(.remoteWrite) { intake throws(MetricIntake.Problem) in
      try intake.remoteWrite(tenant: tenant, body)
    } reply: { outcome in
      let refused = outcome.refused.filter { $0.key != MetricStore.Rejection.duplicate.rawValue }
      guard !refused.isEmpty else { return Reply(204) }
      let reasons = refused.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
      return Self.text(400, "\(outcome.stored) samples stored, others refused: \(reasons)")
    }
  }

  /// POST …/api/v1/otlp/v1/metrics: protobuf or JSON. 200 with a partial success when some points were refused.
  func otlp(_ call: Call) async throws(Refusal) -> Reply {
    let isJSON = (call.field("content-type") ?? "").hasPrefix("application/json")
    let encoding = call.field("content-encoding") ?? "identity"
    let (raw, tenant) = (call.body, call.caller?.tenant?.text)
    let format = isJSON ? MetricIntake.Format.otlpJSON : .otlpProtobuf
    guard encoding == "identity" || encoding == "gzip" else {
      return Self.text(415, "the encoding is gzip or none, not \(encoding.prefix(32))")
    }
    return await take(format) { intake throws(MetricIntake.Problem) in
      var body = Array(raw.readableBytesView)
      if encoding == "gzip" {
        guard let inflated = Gzip.inflate(body, bytesMax: MetricIntake.bytesMax) else {
          throw .malformed("the body is not gzip, or longer than \(MetricIntake.bytesMax) bytes inflated")
        }
        body = inflated
      }
      return isJSON ? try intake.otlp(json: body, tenant: tenant) : try intake.otlp(protobuf: body, tenant: tenant)
    } reply: { outcome in
      isJSON ? Self.partialSuccessJSON(outcome) : Self.partialSuccess(outcome)
    }
  }

  private func take(
    _ format: MetricIntake.Format,
    _ work: @escaping @Sendable (MetricIntake) throws(MetricIntake.Problem) -> MetricIntake.Outcome,
    reply: (MetricIntake.Outcome) -> Reply
  ) async -> Reply {
    let intake = context.metricIntake
    let result: Result<MetricIntake.Outcome, MetricIntake.Problem>
    do throws(QueryLanes.Busy) {
      result = try await Self.lane.run { _ in Result { () throws(MetricIntake.Problem) in try work(intake) } }
    } catch {
      return Self.later("too many requests are waiting; try again")
    }
    do throws(MetricIntake.Problem) {
      return reply(try result.get())
    } catch {
      intake.count(error, format)
      switch error {
      case .malformed(let what): return Self.text(400, what)
      case .tooLarge(let most): return Self.text(413, "a request holds at most \(most) bytes")
      case .notReady: return Self.later("stored metrics are being read; try again")
      case .notDurable:
        return Self.later("the metric journal cannot be written; see breakwater_tsdb_journal_failures_total")
      }
    }
  }

  private static func text(_ status: Int, _ text: String) -> Reply { .text(status, text + "\n") }

  private static func later(_ text: String) -> Reply {
    Reply(
      503, contentType: "text/plain; charset=utf-8", fields: [("Retry-After", "1")],
      body: .bytes(Array("\(text)\n".utf8)))
  }

  private static func summary(_ outcome: MetricIntake.Outcome) -> String {
    outcome.refused.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
  }

  private static func partialSuccessJSON(_ outcome: MetricIntake.Outcome) -> Reply {
    guard outcome.refusedCount > 0 else {
      return Reply(200, contentType: "application/json", body: .bytes(Array("{}".utf8)))
    }
    var line = JSONLine()
    line.begin()
    line.open("partialSuccess")
    line.field("rejectedDataPoints", String(outcome.refusedCount))
    line.field("errorMessage", "refused: \(summary(outcome))")
    line.close()
    line.end()
    return Reply(200, contentType: "application/json", body: .bytes(line.bytes))
  }

  /// `ExportMetricsServiceResponse`: partial_success = 1 { rejected_data_points = 1, error_message = 2 }.
  private static func partialSuccess(_ outcome: MetricIntake.Outcome) -> Reply {
    var body: [UInt8] = []
    if outcome.refusedCount > 0 {
      let text = Array("refused: \(summary(outcome))".utf8.prefix(4_000))
      let inner = [0x08] + varint(outcome.refusedCount) + [0x12] + varint(text.count) + text
      body = [0x0a] + varint(inner.count) + inner
    }
    return Reply(200, contentType: "application/x-protobuf", body: .bytes(body))
  }

  private static func varint(_ value: Int) -> [UInt8] {
    var (bytes, rest): ([UInt8], Int) = ([], value)
    while rest >= 0x80 {
      bytes.append(UInt8(rest & 0x7f) | 0x80)
      rest >>= 7
    }
    return bytes + [UInt8(rest)]
  }
}

extension MetricIntake {
  fileprivate func remoteWrite(tenant: String?, _ body: ByteBuffer) throws(Problem) -> Outcome {
    let result: Result<Outcome, Problem> = body.withUnsafeReadableBytes { bytes in
      Result { () throws(Problem) in try remoteWrite(bytes, tenant: tenant) }
    }
    return try result.get()
  }
}
