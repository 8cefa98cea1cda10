import AsyncHTTPClient
import Breakwater
import BreakwaterTesting
import ControlModel
import DataPlane
import Foundation
import Identity
import NIOCore
import NIOHTTP1
import Synchronization
import Telemetry
import Testing
import Wire

/// The whole product in this process, on free ports and a folder of its own, with real sockets in front.
final class Product: Sendable {
  let assembly: Assembly
  let publicURL: String
  let opsURL: String
  let people: People
  let folder: TemporaryFolder
  private let task: Task<Void, any Error>
  let http = HTTPClient(eventLoopGroupProvider: .singleton)

  /// Tokens of everyone a story needs.
  struct People: Sendable {
    let signer: TokenSigner
    let policy: TokenPolicy

    func token(_ role: Role, _ subject: String, tenant: String? = nil, lifetimeSeconds: Int64 = 3600) throws -> String {
      try signer.sign(
        TokenDraft(
          for: policy, subject: subject, role: role, tenant: tenant.flatMap { TenantID($0) },
          at: SystemSources.clocks.now, lifetimeSeconds: lifetimeSeconds))
    }
  }

  /// What a user sends to place an order that is always taken: `desk-1` trades on nobody's signal, so what the market
  /// does meanwhile, and how long an overloaded machine leaves an order without an outcome, cannot refuse it.
  static let deskOrder =
    #"{"profile":"desk-1","symbol":"IBM","side":"buy","type":"limit","price":"1","quantity":"1"}"#

  /// Starts with two tenants, `orchid` and `heron`: two profiles each that trade, unless nothing `trades`, and one that waits.
  /// `extra` is appended to the configuration.
  static func start(
    folder: TemporaryFolder? = nil, backendPort: Int = 9, extra: String = "", trades: Bool = true,
    seed: [UInt8] = Array(repeating: 7, count: 32)
  ) async throws -> Product {
    let folder = try folder ?? TemporaryFolder()
    let signer = try TokenSigner(.ed25519, seed: seed)
    try Data(signer.jwks.utf8).write(to: URL(fileURLWithPath: folder.file("jwks.json")))
    func strategy(fast: Int, slow: Int) -> String {
      "strategy: { fast: \(fast), slow: \(slow), rsiLower: 30, rsiUpper: 95, scoreMin: 0.25, zoneTouches: 1, "
        + "zoneDistanceATR: 10, zoneRoomStops: 0 }"
    }
    let waiting = "strategy: { rsiLower: 99, rsiUpper: 100, scoreMin: 1 }"
    let text = """
      environment: test
      server: { listen: "127.0.0.1:0", ops: "127.0.0.1:0", loops: 1, drainTimeout: 2s }
      dataDir: \(folder.file("data"))
      auth: { issuer: "https://issuer.test/", audience: trading-backend, jwks: \(folder.file("jwks.json")) }
      upstreams: { backend: { url: "http://127.0.0.1:\(backendPort)", connectTimeout: 10s, firstByteTimeout: 60s, timeout: 60s } }
      routes: [ { path: /api/v1/market, upstream: backend, roles: [user] } ]
      logs: { stdout: false }
      \(extra.contains("controls:") ? "" : "controls: { lease: 30s }")
      runtime:
        loopInterval: 20ms
        marketData: { speed: 6000 }
        profiles:
          - { tenant: orchid, profile: scalper-1, user: u1, symbols: [AAPL, GOOG, IBM, MSFT], capital: "100000", \(trades ? strategy(fast: 3, slow: 8) : waiting) }
          - { tenant: orchid, profile: swing-1, user: u1, symbols: [AAPL, MSFT], capital: "50000", \(trades ? strategy(fast: 8, slow: 21) : waiting) }
          - { tenant: orchid, profile: desk-1, user: u1, symbols: [IBM], capital: "50000", \(waiting) }
          - { tenant: heron, profile: scalper-1, user: u2, symbols: [AAPL, GOOG, IBM, MSFT], capital: "100000", \(trades ? strategy(fast: 3, slow: 8) : waiting) }
          - { tenant: heron, profile: swing-1, user: u2, symbols: [IBM], capital: "50000", \(trades ? strategy(fast: 8, slow: 21) : waiting) }
          - { tenant: heron, profile: desk-1, user: u2, symbols: [IBM], capital: "50000", \(waiting) }
      \(extra)
      """
    let configuration = try ConfigurationLoader.load(text, file: "story.yaml", environment: [:])
    var options = Assembly.Options()
    // Two dozen stories write at once.
    options.commitWait = .seconds(60)
    let assembly = try Assembly(configuration, try Material(configuration), options: options)
    let (ports, output) = AsyncStream<(Int, Int)>.makeStream()
    let task = Task {
      defer { output.finish() }
      try await assembly.run { listener, ops in
        output.yield((listener.address.port ?? 0, ops.address.port ?? 0))
      }
    }
    var iterator = ports.makeAsyncIterator()
    guard let (publicPort, opsPort) = await iterator.next() else {
      try await task.value
      throw StoryFailure("the product did not start")
    }
    return Product(
      assembly, publicPort, opsPort, People(signer: signer, policy: configuration.auth.policy), folder, task)
  }

  private init(
    _ assembly: Assembly, _ publicPort: Int, _ opsPort: Int, _ people: People, _ folder: TemporaryFolder,
    _ task: Task<Void, any Error>
  ) {
    self.assembly = assembly
    publicURL = "http://127.0.0.1:\(publicPort)"
    opsURL = "http://127.0.0.1:\(opsPort)"
    self.people = people
    self.folder = folder
    self.task = task
  }

  func stop() async {
    task.cancel()
    _ = await task.result
    try? await http.shutdown()
  }

  /// The routes Breakwater answers itself.
  var routes: [Route] { assembly.routes }

  struct Answer: Sendable {
    let status: Int
    let headers: [(name: String, value: String)]
    let body: [UInt8]

    func header(_ name: String) -> String? { headers.first { $0.name.lowercased() == name.lowercased() }?.value }
    func decode<T: Decodable>(_ type: T.Type) throws -> T { try JSONDecoder().decode(type, from: Data(body)) }
    var code: String? { (try? decode(ProblemDetails.self))?.code }
    var text: String { String(decoding: body, as: UTF8.self) }
  }

  /// One request. `on` is the public listener unless it begins with `ops:`.
  func call(
    _ method: String, _ path: String, token: String? = nil, body: String? = nil, headers: [(String, String)] = [],
    ops: Bool = false
  ) async throws -> Answer {
    var request = HTTPClientRequest(url: (ops ? opsURL : publicURL) + path)
    request.method = .RAW(value: method)
    if let token { request.headers.add(name: "Authorization", value: "Bearer \(token)") }
    for (name, value) in headers { request.headers.add(name: name, value: value) }
    if let body { request.body = .bytes(ByteBuffer(string: body)) }
    let response = try await http.execute(request, timeout: .seconds(60))
    let bytes = try await response.body.collect(upTo: 16 * 1024 * 1024)
    return Answer(
      status: Int(response.status.code), headers: response.headers.map { ($0.name, $0.value) },
      body: Array(bytes.readableBytesView))
  }

  /// Passes of the trading loop so far, as `/metrics` tells them.
  func passes() async throws -> Int {
    let page = try await call("GET", "/metrics", ops: true).text
    return page.matches(of: /breakwater_runtime_loop_iterations_total\{[^}]*\} (\d+)/).compactMap { Int($0.1) }.reduce(
      0, +)
  }

  /// Asks until `isDone` holds, for at most two minutes.
  func eventually(_ what: String, _ isDone: () async throws -> Bool) async throws {
    let clock = ContinuousClock()
    let end = clock.now + .seconds(120)
    while clock.now < end {
      if try await isDone() { return }
      try await Task.sleep(for: .milliseconds(20))
    }
    Issue.record("not within two minutes: \(what)")
  }
}

struct StoryFailure: Error {
  let message: String

  init(_ message: String) {
    self.message = message
  }
}

/// Runs a story against a product of its own.
func withProduct(
  extra: String = "", backendPort: Int = 9, trades: Bool = true, _ story: (Product) async throws -> Void
) async throws {
  let product = try await Product.start(backendPort: backendPort, extra: extra, trades: trades)
  do {
    try await story(product)
  } catch {
    await product.stop()
    throw error
  }
  await product.stop()
}
