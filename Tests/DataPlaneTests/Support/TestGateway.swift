import BreakwaterTesting
import ControlModel
import DataPlane
import Identity
import NIOCore
import NIOPosix
import Synchronization
import Telemetry

/// A data plane on free ports of the loopback interface, with an issuer of its own and a clock that stands still until a
/// test moves it.
final class TestGateway: Sendable {
  /// What a test wants different from the defaults.
  struct Options: Sendable {
    var routes: [Route] = []
    var upstreams: [Upstream] = []
    var settings = DataPlaneSettings()
    var policies = TestGateway.generous
    var isolation = IsolationPolicy()
    var loops = 1
    var tls: TLSIdentity?
    var clock = TestClock()
    /// Time that runs; for measurements and races.
    var usesRealClock = false
    var tradingRefusal: @Sendable (TenantID) -> Refusal? = { _ in nil }
    var sessionToken: @Sendable (String) -> [UInt8]? = { _ in nil }
    var keyMissing: @Sendable ([UInt8], @escaping @Sendable () -> Void) -> Bool = { _, _ in false }

    init() {}
  }

  let publicPort: Int
  let opsPort: Int
  private let group: MultiThreadedEventLoopGroup
  let dataPlane: DataPlane
  let metrics: MetricRegistry
  let clock: TestClock
  let issuer: TestIssuer
  let log: TestLog
  let events: TestEvents
  let revocations: RevocationStore
  private let options: Options
  private let listeners: [Listener]

  /// Limits no test reaches by accident.
  static let generous: RatePolicies = {
    let limit = RateLimit(quota: 1_000_000, windowSeconds: 1, burst: 1_000_000)
    return RatePolicies(ip: limit, tenant: limit, user: limit)
  }()

  static func start(_ change: (inout Options) -> Void = { _ in }) async throws -> TestGateway {
    var options = Options()
    change(&options)
    return try await TestGateway(options)
  }

  private init(_ options: Options) async throws {
    self.options = options
    group = MultiThreadedEventLoopGroup(numberOfThreads: options.loops)
    metrics = MetricRegistry()
    clock = options.clock
    log = TestLog()
    events = TestEvents()
    revocations = RevocationStore()
    let clocks = options.usesRealClock ? TestIssuer.realClocks : options.clock.clocks
    issuer = try TestIssuer(clocks)
    dataPlane = DataPlane(
      settings: options.settings, clocks: clocks, metrics: metrics,
      hooks: DataPlane.Hooks(
        tradingRefusal: options.tradingRefusal, sessionToken: options.sessionToken, log: log.append,
        keyMissing: options.keyMissing, tell: events.append),
      verifier: issuer.verifier, revocations: revocations, snapshot: Self.snapshot(options, metrics))
    let publicListener = try await Listener.start(
      .public, host: "127.0.0.1", port: 0, on: group, dataPlane: dataPlane, seed: 1)
    let opsListener = try await Listener.start(
      .ops, host: "127.0.0.1", port: 0, on: group, dataPlane: dataPlane, seed: 1001)
    listeners = [publicListener, opsListener]
    publicPort = publicListener.address.port ?? 0
    opsPort = opsListener.address.port ?? 0
  }

  private static func snapshot(_ options: Options, _ metrics: MetricRegistry) -> DataPlane.Snapshot {
    DataPlane.Snapshot(
      publicRoutes: RouteTable(options.routes.filter { $0.listeners.contains(.public) }),
      opsRoutes: RouteTable(options.routes.filter { $0.listeners.contains(.ops) }),
      upstreams: Dictionary(options.upstreams.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first }),
      limiter: RateLimiter(options.policies, metrics: metrics), isolation: options.isolation, tls: options.tls)
  }

  /// Puts another configuration in force, as a reload does.
  func reload(_ change: (inout Options) -> Void) {
    var options = options
    change(&options)
    dataPlane.replace(Self.snapshot(options, metrics))
  }

  func connect(ops: Bool = false) async throws -> RawConnection {
    let tls = options.tls == nil || ops ? nil : TestTLS.client()
    return try await RawConnection.connect(to: ops ? opsPort : publicPort, tls: tls)
  }

  /// One request on a connection of its own.
  func call(
    _ method: String, _ path: String, token: String? = nil, headers: [String] = [], body: String? = nil,
    ops: Bool = false
  ) async throws -> RawAnswer {
    let connection = try await connect(ops: ops)
    var lines = ["\(method) \(path) HTTP/1.1", "Host: gateway.test"] + headers
    if let token { lines.append("Authorization: Bearer \(token)") }
    if let body { lines.append("Content-Length: \(body.utf8.count)") }
    try await connection.send(lines.joined(separator: "\r\n") + "\r\n\r\n" + (body ?? ""))
    let answer = try await connection.answer(to: method)
    await connection.close()
    return answer
  }

  /// The value of one series of `/metrics`; zero if it is not there.
  func metric(_ series: String) -> Double {
    let text = String(decoding: metrics.exposition(), as: UTF8.self)
    let line = text.split(separator: "\n").first { $0.hasPrefix(series + " ") }
    return line.flatMap { Double($0.dropFirst(series.utf8.count + 1)) } ?? 0
  }

  /// Refuses new connections and lets those that are open finish.
  func drain() async {
    for listener in listeners { await listener.drain() }
  }

  /// Closes everything at once.
  func stop() async { try? await group.shutdownGracefully() }
}

/// Runs a test against a gateway of its own, and stops it whatever happens.
func withGateway(
  _ change: (inout TestGateway.Options) -> Void = { _ in }, _ test: (TestGateway) async throws -> Void
) async throws {
  _ = TestBudget.descriptors
  await TestBudget.enter()
  defer { TestBudget.leave() }
  let gateway = try await TestGateway.start(change)
  do {
    try await test(gateway)
  } catch {
    await gateway.stop()
    throw error
  }
  await gateway.stop()
}
