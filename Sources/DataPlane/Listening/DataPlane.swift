package import ControlModel
package import Identity
import Synchronization
package import Telemetry

/// The request path: its listeners' shared parts, and the snapshot of configuration its event loops work from.
///
/// `RequestPipeline.swift` is the story of one request. Everything an event loop reads per request is either confined to
/// it or immutable; a reload swaps one snapshot and each loop notices by an atomic version.
package final class DataPlane: Sendable {
  /// What a reload replaces as a whole.
  package struct Snapshot: Sendable {
    package let publicRoutes: RouteTable
    package let opsRoutes: RouteTable
    package let upstreams: [String: Upstream]
    package let limiter: RateLimiter
    package let isolation: IsolationPolicy
    /// What new connections to the public listener are answered with; nil speaks plain HTTP.
    package let tls: TLSIdentity?

    package init(
      publicRoutes: RouteTable, opsRoutes: RouteTable, upstreams: [String: Upstream], limiter: RateLimiter,
      isolation: IsolationPolicy = IsolationPolicy(), tls: TLSIdentity? = nil
    ) {
      self.publicRoutes = publicRoutes
      self.opsRoutes = opsRoutes
      self.upstreams = upstreams
      self.limiter = limiter
      self.isolation = isolation
      self.tls = tls
    }
  }

  /// What the request path needs from the rest of the product, as functions set by the root.
  package struct Hooks: Sendable {
    /// The refusal for a trading mutation of this tenant while it is disabled; nil otherwise.
    package var tradingRefusal: @Sendable (TenantID) -> Refusal?
    /// The token behind a console session cookie.
    package var sessionToken: @Sendable (String) -> [UInt8]?
    /// Takes full log blocks; must not block.
    package var log: @Sendable (LogBlock) -> Void
    /// A token names a key we do not have. True if a fetch that may bring it is under way: the closure is then called
    /// once when it has ended, and the request is authenticated again.
    package var keyMissing: @Sendable ([UInt8], @escaping @Sendable () -> Void) -> Bool
    /// Takes records of what changed, such as a circuit that opened; must not block.
    package var tell: @Sendable (LogEvent) -> Void

    package init(
      tradingRefusal: @escaping @Sendable (TenantID) -> Refusal?,
      sessionToken: @escaping @Sendable (String) -> [UInt8]?, log: @escaping @Sendable (LogBlock) -> Void,
      keyMissing: @escaping @Sendable ([UInt8], @escaping @Sendable () -> Void) -> Bool,
      tell: @escaping @Sendable (LogEvent) -> Void = { _ in }
    ) {
      self.tradingRefusal = tradingRefusal
      self.sessionToken = sessionToken
      self.log = log
      self.keyMissing = keyMissing
      self.tell = tell
    }
  }

  let settings: DataPlaneSettings
  let clocks: Clocks
  let metrics: MetricRegistry
  let hooks: Hooks
  let verifier: TokenVerifier
  let revocations: RevocationStore
  let trips = RouteTrips()
  let tunnels: TunnelCounts
  let upstreamStates: UpstreamStates
  /// The requests our own endpoints of the public listener work on.
  let endpointSlots: Slots
  private let snapshot: Mutex<Snapshot>
  private let snapshotVersion = Atomic<Int>(1)
  private let draining = Atomic<Bool>(false)

  package init(
    settings: DataPlaneSettings, clocks: Clocks, metrics: MetricRegistry, hooks: Hooks, verifier: TokenVerifier,
    revocations: RevocationStore, snapshot: Snapshot
  ) {
    self.settings = settings
    tunnels = TunnelCounts(settings, metrics)
    self.clocks = clocks
    self.metrics = metrics
    self.hooks = hooks
    self.verifier = verifier
    self.revocations = revocations
    upstreamStates = UpstreamStates(metrics: metrics, clocks: clocks, tell: hooks.tell)
    var own = ConcurrencySettings()
    (own.min, own.max) = (settings.inFlightMax, settings.inFlightMax)
    endpointSlots = Slots(own)
    self.snapshot = Mutex(snapshot)
  }

  /// Replaces routes, upstreams and limits for requests that start from now on. Requests in flight finish on the old ones;
  /// buckets of limits that stay the same, and what is known about upstreams that do, are kept.
  package func replace(_ new: Snapshot) {
    snapshot.withLock { current in
      current = Snapshot(
        publicRoutes: new.publicRoutes, opsRoutes: new.opsRoutes, upstreams: new.upstreams,
        limiter: new.limiter.succeeding(current.limiter), isolation: new.isolation, tls: new.tls)
    }
    upstreamStates.keep(new.upstreams)
    snapshotVersion.add(1, ordering: .releasing)
  }

  var version: Int { snapshotVersion.load(ordering: .acquiring) }
  func currentSnapshot() -> Snapshot { snapshot.withLock { $0 } }

  /// From now on every answer closes its connection.
  package func startDraining() { draining.store(true, ordering: .relaxed) }
  var isDraining: Bool { draining.load(ordering: .relaxed) }
}
