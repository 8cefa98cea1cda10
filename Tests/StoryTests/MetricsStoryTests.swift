import BreakwaterTesting
import ControlModel
import Foundation
import Testing

/// The Prometheus API as outsiders use it: what comes in, what is told to whom.
@Suite struct `The Prometheus API` {
  /// An OTLP request of one gauge with a tenant and a label only that tenant may see.
  private func points(_ tenant: String?, _ secret: String, name: String = "desk.depth") -> String {
    let time = UInt64(Date().timeIntervalSince1970 * 1e9)
    let own = tenant.map { ",{\"key\":\"tenant\",\"value\":{\"stringValue\":\"\($0)\"}}" } ?? ""
    return """
      {"resourceMetrics":[{"resource":{"attributes":[]},"scopeMetrics":[{"metrics":[{"name":"\(name)","gauge":{"dataPoints":[
      {"timeUnixNano":"\(time)","asInt":"7","attributes":[{"key":"secret","value":{"stringValue":"\(secret)"}}\(own)],
       "exemplars":[{"timeUnixNano":"\(time)","asDouble":7,"traceId":"0af7651916cd43dd8448eb211c80319c"}]}]}}]}]}]}
      """
  }

  private let json = [("Content-Type", "application/json")]

  /// Until stored samples are back, senders are told to come again.
  private static let unlimited = """
    limits: { ip: { rate: 1000000/1m, burst: 100000 }, tenant: { rate: 1000000/1m, burst: 100000 }, user: { rate: 1000000/1m, burst: 100000 } }
    """

  private func isReady(_ product: Product) async throws {
    try await product.eventually("the metric store takes samples") {
      try await product.call("POST", "/api/v1/otlp/v1/metrics", body: "{}", headers: json, ops: true).status == 200
    }
  }

  /// Ways to ask for what is not one's own.
  private static let queries = [
    "desk_depth", "{tenant=\"heron\"}", "{tenant=~\".*\"}", "{tenant!=\"orchid\"}", "{__name__=~\".+\"}",
    "desk_depth{tenant=\"heron\"} or desk_depth{tenant=~\"h.*\"}", "desk_depth{tenant=\"orchid\",tenant=\"heron\"}",
    "sum by (secret, tenant) (desk_depth)", "topk(10, {secret!=\"\"})", "desk_depth offset 1s", "desk_depth @ end()",
    "max_over_time(desk_depth[5m])", "max_over_time(desk_depth[5m:1s])", "-desk_depth", "(desk_depth)",
    "label_replace(desk_depth, \"tenant\", \"orchid\", \"tenant\", \"heron\")", "count_values(\"secret\", desk_depth)",
    "desk_depth * on () group_left (secret) topk(1, desk_depth{tenant!=\"orchid\"})",
    "absent(desk_depth{tenant=\"heron\"})",
    "scalar(desk_depth{tenant=\"heron\"})", "vector(scalar(desk_depth{tenant=\"heron\"}))",
    "desk_depth unless desk_depth{tenant=\"orchid\"}",
    "{\"desk_depth\", tenant=\"heron\"}", "last_over_time({secret=~\"heron.+\"}[10m])",
    "timestamp(desk_depth{tenant=\"heron\"})",
  ]

  @Test func `shows a tenant its own series, whatever it asks for and however`() async throws {
    try await withProduct(extra: Self.unlimited) { product in
      try await isReady(product)
      for tenant in ["orchid", "heron"] {
        let answer = try await product.call(
          "POST", "/api/v1/otlp/v1/metrics", body: points(tenant, "\(tenant)-secret"), headers: json, ops: true)
        #expect(answer.status == 200, "\(answer.text)")
      }
      let token = try product.people.token(.user, "u1", tenant: "orchid")
      var seen = 0
      for query in Self.queries {
        let text = query.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
        let now = Date().timeIntervalSince1970
        for path in [
          "query?query=\(text)", "query_range?query=\(text)&start=\(now - 30)&end=\(now)&step=1",
          "series?match%5B%5D=\(text)", "labels?match%5B%5D=\(text)", "label/secret/values?match%5B%5D=\(text)",
          "label/secret/values", "label/tenant/values", "query_exemplars?query=\(text)", "metadata", "status/tsdb",
          "status/runtimeinfo", "rules", "alerts",
        ] {
          let answer = try await product.call("GET", "/prometheus/api/v1/" + path, token: token)
          #expect(!answer.text.contains("heron-secret"), "\(path)")
          if answer.text.contains("orchid-secret") { seen += 1 }
        }
        let federated = try await product.call("GET", "/prometheus/federate?match%5B%5D=\(text)", token: token)
        #expect(!federated.text.contains("heron-secret"))
      }
      // What looks a second back finds nothing on a machine that is quick.
      #expect(seen > 40)
      // Without a token nothing, and without a tenant no user sees anyone's.
      #expect(try await product.call("GET", "/prometheus/api/v1/query?query=desk_depth").status == 401)
      let nobody = try product.people.token(.user, "u9")
      let refused = try await product.call("GET", "/prometheus/api/v1/query?query=desk_depth", token: nobody)
      #expect(refused.status == 401 || refused.status == 403)
      #expect(!refused.text.contains("secret"))
    }
  }

  @Test func `takes a tenant's samples as that tenant's, and none under another name`() async throws {
    try await withProduct { product in
      try await isReady(product)
      let token = try product.people.token(.service, "svc", tenant: "orchid")
      func send(_ body: String) async throws -> Product.Answer {
        try await product.call(
          "POST", "/prometheus/api/v1/otlp/v1/metrics", token: token, body: body, headers: json)
      }
      #expect(try await send(points(nil, "mine")).text == "{}")
      let foreign = try await send(points("heron", "forged"))
      #expect(foreign.text.contains("foreign_tenant"), "\(foreign.text)")
      let reserved = try await send(points(nil, "forged", name: "breakwater.orders.submitted.while.halted"))
      #expect(reserved.text.contains("invalid_labels"), "\(reserved.text)")
      let all = try await product.call("GET", "/api/v1/query?query=%7Bsecret%3D~%22.%2B%22%7D", ops: true)
      #expect(all.text.contains("\"tenant\":\"orchid\"") && all.text.contains("mine"))
      #expect(!all.text.contains("forged"))
    }
  }

  @Test func `answers what Grafana and promtool ask, in Prometheus' shapes`() async throws {
    try await withProduct { product in
      func get(_ path: String) async throws -> Product.Answer {
        try await product.call("GET", "/api/v1/" + path, ops: true)
      }
      try await product.eventually("own metrics are sampled") {
        try await get("query?query=breakwater_build_info").text.contains("breakwater_build_info")
      }
      #expect(
        try await get("format_query?query=sum(up)by(job)").text == #"{"status":"success","data":"sum by (job) (up)"}"#)
      let tree = try await get("parse_query?query=rate(up%7Bjob%3D%22a%22%7D%5B5m%5D)").text
      #expect(
        tree.contains(#""type":"call","func":{"name":"rate","argTypes":["matrix"],"variadic":0,"returnType":"vector"}"#)
      )
      #expect(tree.contains(#""range":300000"#) && tree.contains(#"{"name":"job","value":"a","type":"="}"#))
      #expect(try await get("metadata?metric=breakwater_build_info").text.contains(#""type":"gauge""#))
      #expect(try await get("metadata?limit=1").text.components(separatedBy: "\"type\"").count == 2)
      #expect(try await get("targets").text.contains(#""activeTargets":[]"#))
      #expect(try await get("status/buildinfo").text.contains(#""version":"3."#))
      #expect(try await get("status/tsdb").text.contains("seriesCountByMetricName"))
      for path in ["status/runtimeinfo", "status/flags", "status/config"] { #expect(try await get(path).status == 200) }
      #expect(try await get("rules/test/test").status == 404)
      let bad = try await get("query?query=sum(")
      #expect(
        bad.status == 400 && bad.text.hasPrefix(#"{"status":"error","errorType":"bad_data","error":"invalid parameter"#)
      )
      let form = try await product.call(
        "POST", "/api/v1/query", body: "query=1%2B1", headers: [("Content-Type", "application/x-www-form-urlencoded")],
        ops: true)
      #expect(form.text.contains(#""resultType":"scalar""#) && form.text.contains("\"2\""))
      let budget = try await get("query?query=sum(count_over_time(%7B__name__%3D~%22.%2B%22%7D%5B1000d%3A1ms%5D))")
      #expect(budget.status == 422 && budget.text.contains("10000000 samples"), "\(budget.text)")
    }
  }

  @Test func `tells which request a slow bucket stands for`() async throws {
    try await withProduct { product in
      let id = "exemplar-story-0001"
      _ = try await product.call("GET", "/health/live", headers: [("X-Request-ID", id)])
      let page = try await product.call(
        "GET", "/metrics", headers: [("Accept", "application/openmetrics-text;version=1.0.0,text/plain;q=0.5")],
        ops: true)
      #expect(page.header("content-type")?.hasPrefix("application/openmetrics-text; version=1.0.0") == true)
      #expect(page.text.hasSuffix("# EOF\n") && page.text.contains("# TYPE breakwater_http_requests counter\n"))
      #expect(
        page.text.contains(
          #/_bucket\{[^}]*\} \d+ # \{trace_id="[0-9a-f]{32}",request_id="exemplar-story-0001"\} [0-9.e-]+ \d+/#))
      try await product.eventually("the exemplar is stored") {
        let query = "query_exemplars?query=breakwater_http_request_duration_seconds_bucket"
        return try await product.call("GET", "/api/v1/" + query, ops: true).text.contains(id)
      }
      let plain = try await product.call("GET", "/metrics", ops: true)
      #expect(plain.header("content-type")?.hasPrefix("text/plain; version=0.0.4") == true && !plain.text.contains(id))
    }
  }
}
