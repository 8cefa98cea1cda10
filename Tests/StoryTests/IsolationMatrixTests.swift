import AsyncHTTPClient
import Breakwater
import ControlModel
import DataPlane
import Foundation
import NIOCore
import NIOHTTP1
import Testing
import Wire

/// Every route against every kind of caller, from the route table itself. `Fixtures/isolation-matrix.tsv` says what each
/// of them gets; a route that is not in it fails here until somebody has decided who may come in. To take over what is
/// served now, run with BREAKWATER_RECORD=1 and read the difference.
@Suite struct `The isolation matrix` {
  /// Callers, in the order of the columns.
  enum Caller: String, CaseIterable {
    case none = "no token"
    case expired
    /// A user of orchid, and one of heron, who are called the same.
    case userA = "A user"
    case userB = "B user"
    /// An admin whose token names orchid.
    case adminA = "A admin"
    case support
    case platformAdmin = "platform admin"
    /// Support reading as orchid.
    case actAs = "act-as"
    /// A user of heron, once it is disabled.
    case disabled = "disabled tenant"
  }

  private static let limits = """
    limits:
      tenant: { rate: 1000000/1s, burst: 1000000 }
      user: { rate: 1000000/1s, burst: 1000000 }
      ip: { rate: 1000000/1s, burst: 1000000 }
    """
  private static let fixture = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("Fixtures/isolation-matrix.tsv")

  @Test func `is what the table says, for every route and caller`() async throws {
    try await withProduct(extra: Self.limits) { product in
      var rows: [String: [String]] = [:]
      let routes = Self.routes(product)
      for caller in Caller.allCases {
        let token = try await token(of: caller, product)
        for route in routes {
          let verdict = try await verdict(on: route, token, product)
          rows[route.name, default: []].append(verdict)
          guard caller == .userA else { continue }
          for headers in Self.spoofs {
            let spoofed = try await self.verdict(on: route, token, product, headers: headers)
            #expect(spoofed == verdict, "\(route.name) as a user of orchid with spoofed headers")
          }
        }
      }
      let text =
        (["method path listener"] + Caller.allCases.map(\.rawValue)).joined(separator: "\t") + "\n"
        + routes.map { ([$0.name] + (rows[$0.name] ?? [])).joined(separator: "\t") + "\n" }.joined()
      if ProcessInfo.processInfo.environment["BREAKWATER_RECORD"] == "1" {
        try Data(text.utf8).write(to: Self.fixture)
      }
      let wanted = Self.table(try String(contentsOf: Self.fixture, encoding: .utf8))
      for (name, verdicts) in Self.table(text) {
        guard let expected = wanted[name] else {
          Issue.record("\(name) has no row in the matrix: decide who may come in, then record it")
          continue
        }
        for (caller, (got, expected)) in zip(Caller.allCases, zip(verdicts, expected)) where got != expected {
          Issue.record("\(name) as \(caller.rawValue): \(got), the matrix says \(expected)")
        }
      }
      for name in wanted.keys where rows[name] == nil && name != "method path listener" {
        Issue.record("\(name) is in the matrix and is not served")
      }
    }
  }

  /// One row: a route on one listener.
  private struct Row {
    let method: String
    let template: String
    let isOps: Bool
    var name: String { "\(method) \(template) \(isOps ? "ops" : "public")" }
    /// Names of things that exist in both tenants.
    var path: String {
      template.replacing("{tenant}", with: "orchid").replacing("{profile}", with: "scalper-1")
        .replacing(/\{[^}]+\}/, with: "nobody-such")
    }
  }

  private static func routes(_ product: Product) -> [Row] {
    var rows: [Row] = []
    for route in product.routes {
      guard let method = route.method else { continue }
      for isOps in [false, true] where route.listeners.contains(isOps ? .ops : .public) {
        rows.append(Row(method: method.text, template: route.template, isOps: isOps))
      }
    }
    for route in product.assembly.configuration.routes {
      for method in ["GET", "POST", "DELETE"] { rows.append(Row(method: method, template: route.path, isOps: false)) }
    }
    return rows
  }

  private func token(of caller: Caller, _ product: Product) async throws -> String? {
    let people = product.people
    switch caller {
    case .none: return nil
    case .expired: return try people.token(.user, "u1", tenant: "orchid", lifetimeSeconds: -120)
    case .userA: return try people.token(.user, "u1", tenant: "orchid")
    case .userB: return try people.token(.user, "u1", tenant: "heron")
    case .adminA: return try people.token(.admin, "u1", tenant: "orchid")
    case .support: return try people.token(.support, "sam")
    case .platformAdmin: return try people.token(.admin, "ada")
    case .actAs:
      let answer = try await product.call(
        "POST", "/admin/act-as", token: try people.token(.support, "sam"),
        body: #"{"tenant":"orchid","reason":"the isolation matrix reads as orchid"}"#)
      return try answer.decode(ActAsAnswer.self).token
    case .disabled:
      let answer = try await product.call(
        "POST", "/admin/tenants/heron/disable", token: try people.token(.admin, "ada"),
        body: #"{"reason":"the isolation matrix disables heron"}"#)
      #expect(answer.status == 201, "\(answer.text)")
      return try people.token(.user, "u1", tenant: "heron")
    }
  }

  /// `pass` when the route did its work, whatever came of it; else the refusal.
  private func verdict(
    on row: Row, _ token: String?, _ product: Product, headers: [(String, String)] = []
  ) async throws -> String {
    var request = HTTPClientRequest(url: (row.isOps ? product.opsURL : product.publicURL) + row.path)
    request.method = .RAW(value: row.method)
    if let token { request.headers.add(name: "Authorization", value: "Bearer \(token)") }
    for (name, value) in headers { request.headers.add(name: name, value: value) }
    if row.method != "GET" { request.body = .bytes(ByteBuffer(string: "{}")) }
    let response = try await product.http.execute(request, timeout: .seconds(60))
    let status = Int(response.status.code)
    // A stream that opened goes on for ever; letting go of it closes it.
    guard status >= 400 else { return "pass" }
    let body = Data((try await response.body.collect(upTo: 1024 * 1024)).readableBytesView)
    let code = (try? JSONDecoder().decode(ProblemDetails.self, from: body))?.code ?? "-"
    if status >= 500 {
      #expect(
        ["upstream.connect", "upstream.circuit_open"].contains(code) || row.template.hasPrefix("/health"),
        "\(row.name): \(status) \(code)")
    }
    let isRefusal = status == 401 || status == 403 || code.hasPrefix("tenant.mismatch")
    return isRefusal ? "\(status) \(code)" : "pass"
  }

  private static func table(_ text: String) -> [String: [String]] {
    var rows: [String: [String]] = [:]
    for line in text.split(separator: "\n") {
      let cells = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
      rows[cells[0]] = Array(cells.dropFirst())
    }
    return rows
  }

  /// Names that could tell who is calling, in the spellings clients and proxies use; two heads full of them.
  private static let spoofs: [[(String, String)]] = {
    let stems = [
      "X-Tenant-Id", "X-Tenant", "X-TenantId", "X-Tenant-Name", "X-User-Id", "X-User", "X-User-Role", "X-User-Email",
      "X-Role", "X-Roles", "X-Act-As", "X-Act-As-Tenant", "X-Acting-As", "X-Forwarded-User", "X-Forwarded-Email",
      "X-Forwarded-Groups", "X-Breakwater-Tenant", "X-Breakwater-Actor", "X-Breakwater-Context", "X-Auth-Request-User",
      "X-Remote-User", "Remote-User",
    ]
    func head(_ spell: (String) -> String) -> [(String, String)] {
      stems.map { (spell($0), $0.contains("Role") ? "admin" : "heron") }
    }
    return [head { $0.lowercased() } + head { $0.replacing("-", with: "_") }, head { $0.uppercased() } + head { $0 }]
  }()

  @Test func `is what OpenAPI says`() async throws {
    try await withProduct { product in
      let answer = try await product.call("GET", "/openapi.json")
      #expect(answer.status == 200)
      struct Document: Decodable {
        let openapi: String
        let paths: [String: [String: Operation]]

        struct Operation: Decodable {
          let operationId: String
        }
      }
      let document = try answer.decode(Document.self)
      #expect(document.openapi == "3.1.0")
      var served: Set<String> = []
      for route in product.routes where route.template != "/openapi.json" {
        if let method = route.method { served.insert("\(method.text.lowercased()) \(route.template)") }
      }
      let described = Set(document.paths.flatMap { path, operations in operations.keys.map { "\($0) \(path)" } })
      #expect(served == described)
      let ids = document.paths.values.flatMap { $0.values.map(\.operationId) }
      #expect(Set(ids).count == ids.count, "operation ids are unique")
    }
  }
}
