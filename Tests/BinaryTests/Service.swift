import AsyncHTTPClient
import BreakwaterTesting
import ControlModel
import Foundation
import Identity
import NIOCore
import NIOHTTP1
import Telemetry
import Testing
import Wire

/// A folder with a configuration, a key set and a data directory, and `breakwater serve` on free ports.
struct Installation {
  static let issuer = "https://issuer.test/"

  let folder: TemporaryFolder
  let signer: TokenSigner
  var jwks: String
  var extra = ""

  init() throws {
    folder = try TemporaryFolder()
    signer = try TokenSigner(.ed25519, seed: Array(repeating: 9, count: 32))
    jwks = folder.file("jwks.json")
    try Data(signer.jwks.utf8).write(to: URL(fileURLWithPath: jwks))
  }

  var dataDir: String { folder.file("data") }
  var configFile: String { folder.file("breakwater.yaml") }

  func token(
    _ role: Role, _ subject: String, tenant: TenantID? = nil, at: WallTime = SystemTime.now
  ) throws -> String {
    let policy = TokenPolicy(issuer: Self.issuer, audience: "trading-backend")
    return try signer.sign(
      TokenDraft(for: policy, subject: subject, role: role, tenant: tenant, at: at, lifetimeSeconds: 3600))
  }

  func writeConfiguration(listen: String = "127.0.0.1:0", ops: String = "127.0.0.1:0", dataDir: String? = nil) throws {
    let text = """
      environment: test
      server: { listen: "\(listen)", ops: "\(ops)", drainDelay: 0s, drainTimeout: 2s }
      dataDir: \(dataDir ?? self.dataDir)
      auth: { issuer: "\(Self.issuer)", audience: trading-backend, jwks: "\(jwks)" }
      logs: { stdout: false }
      runtime:
        loopInterval: 20ms
        marketData: { speed: 6000 }
        profiles:
          - { tenant: orchid, profile: scalper-1, user: u1, symbols: [AAPL, GOOG, IBM, MSFT], capital: "100000" }
          - { tenant: heron, profile: swing-1, user: u2, symbols: [IBM], capital: "50000" }
      \(extra)
      """
    try Data(text.utf8).write(to: URL(fileURLWithPath: configFile))
  }

  /// Starts the service and waits until it says where it listens.
  func serve(environment: [String: String] = [:]) async throws -> Service {
    try writeConfiguration()
    let child = try Child(["serve", "--config", configFile], environment: environment)
    var ports: (Int, Int)?
    let isUp = await eventually {
      let found = child.errors.firstMatch(of: /listens on 127\.0\.0\.1:(\d+) \(public\) and 127\.0\.0\.1:(\d+) \(ops\)/)
      ports = found.flatMap { match in Int(match.1).flatMap { a in Int(match.2).map { (a, $0) } } }
      return ports != nil
    }
    guard isUp, let ports else {
      child.signal(SIGKILL)
      throw NotStarted(message: child.errors)
    }
    return Service(child: child, publicURL: "http://127.0.0.1:\(ports.0)", opsURL: "http://127.0.0.1:\(ports.1)")
  }
}

struct NotStarted: Error {
  let message: String
}

/// Real time, as tokens need it.
enum SystemTime {
  static var now: WallTime { WallTime(unixMilliseconds: Int64(Date().timeIntervalSince1970 * 1000)) }
}

/// A running service.
struct Service {
  let child: Child
  let publicURL: String
  let opsURL: String

  /// Runs a client command against it.
  func command(_ arguments: String..., token: String) async throws -> Binary.Result {
    let environment = ["BREAKWATER_SERVER": opsURL, "BREAKWATER_TOKEN": token]
    return try await Child(arguments, environment: environment).end()
  }

  struct Answer {
    let status: Int
    let headers: HTTPHeaders
    let text: String

    var code: String? { (try? JSONDecoder().decode(ProblemDetails.self, from: Data(text.utf8)))?.code }
  }

  func call(
    _ method: String, _ path: String, token: String? = nil, body: [UInt8]? = nil,
    headers: [(name: String, value: String)] = []
  ) async throws -> Answer {
    var request = HTTPClientRequest(url: publicURL + path)
    request.method = .RAW(value: method)
    if let token { request.headers.add(name: "Authorization", value: "Bearer \(token)") }
    for header in headers { request.headers.add(name: header.name, value: header.value) }
    if let body { request.body = .bytes(ByteBuffer(bytes: body)) }
    let response = try await HTTPClient.shared.execute(request, timeout: .seconds(60))
    let bytes = try await response.body.collect(upTo: 16 * 1024 * 1024)
    return Answer(status: Int(response.status.code), headers: response.headers, text: String(buffer: bytes))
  }

  /// SIGTERM, and what it ended with.
  func stop() async -> Binary.Result {
    child.signal(SIGTERM)
    return await child.end()
  }

  /// `kill -9`
  func kill() async {
    child.signal(SIGKILL)
    _ = await child.end()
  }
}
