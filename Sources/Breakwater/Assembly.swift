package import AdminAPI
import Alerting
package import ControlModel
package import ControlPlane
package import DataPlane
package import Identity
import MetricStore
import NIOCore
import Realtime
import RequestLog
import Store
import Strategy
package import Telemetry
package import TradingRuntime
package import Venues

/// Everything wired together: one straight line from a configuration to a process that is ready to run.
package struct Assembly: Sendable {
  /// What differs between `serve`, `demo` and tests.
  package struct Options: Sendable {
    package var clocks = SystemSources.clocks
    package var version = BuildVersion.text
    /// Sign-in links of the demo: key → token.
    package var consoleKeys: [String: String] = [:]
    package var keyRefresh = KeyRefreshSettings()
    /// What `reload` and SIGHUP read again.
    package var file: ConfigurationFile?
    package var sockets = InheritedSockets()
    /// How long a stop's answer waits for its commit.
    package var commitWait = Duration.seconds(1)
    /// What happens at each moment at which a test may have the process die.
    package var failpoint: @Sendable (Failpoint) -> Void = { _ in }

    package init() {}
  }

  package let configuration: Configuration
  package let context: AdminContext
  package let processor: CommandProcessor
  package let runtime: TradingRuntime
  package let venue: PaperVenue
  package let events: EventLog
  /// What is answered here rather than forwarded.
  package let routes: [Route]
  let options: Options
  let material: Material
  let log: LogWriter
  let metrics: MetricRegistry
  let metricStore: MetricStore
  let forwardings: [MetricForwarding]
  let desk: AlertDesk
  let auditKeeper: AuditKeeper
  let keeper: ReplicaKeeper
  let history: HistoryRecorder
  let alertRoom: AlertRoom
  let ruleWatch: RuleWatch
  let pulse = AlertPulse()
  let evidence = AlertEvidence()
  let bus: EventBus
  let refresher: KeyRefresher?
  let dataPlane: DataPlane
  let automaticFeed: AutomaticFeed
  let containment = Containment()
  let drainState: DrainState
  let journaledStops: [Control]
  let directory: DataDirectory
  let live: LiveConfiguration

  /// Opens everything and connects it. Nothing listens and nothing runs yet. Throws `StoreFailure` or
  /// `ConfigurationProblems` with one sentence for the operator.
  package init(_ configuration: Configuration, _ material: Material, options: Options = Options()) throws {
    self.configuration = configuration
    self.options = options
    self.material = material
    let clocks = options.clocks
    let startedAt = clocks.now

    // Measuring and telling.
    metrics = MetricRegistry()
    metrics.family(MetricCatalog.buildInfo).gauge(options.version, "6").set(1)
    metrics.gauge(MetricCatalog.processStart).set(Double(startedAt.unixMilliseconds) / 1000)
    directory = try DataDirectory(configuration.dataDir)
    log = try LogWriter(
      directory.file("logs"), metrics: metrics, copy: configuration.logsToStdout ? StandardOutput.write : nil)
    bus = EventBus(metrics)
    events = Self.eventLog(log, bus, evidence)
    ProcessMetrics.register(metrics, directory: directory, clocks: clocks)

    // What must survive.
    let storeFolder = try StoreFolder(configuration, directory)
    let auditKey = try AuditKey.load(storeFolder.path, seed: SystemSources.secret)
    let auditKeys = auditKey.allKeys(in: storeFolder.path)
    let controlStore = try SQLiteControlStore(
      storeFolder.path + "/control.sqlite", key: auditKey, clocks: clocks, metrics: metrics)
    let recorded = events
    auditKeeper = try AuditKeeper(
      controlStore, keys: auditKeys, witness: try configuration.auditWitness.map { try AuditWitness($0) },
      metrics: metrics, sleep: SystemSources.sleep,
      told: { verdict in
        recorded.emit(
          LogEvent(
            "audit.broken", .error, at: clocks.now, component: "audit",
            body: "the audit log does not verify from entry \(verdict.firstBad ?? 0): \(verdict.problem ?? "")"))
      })
    let records = try TradingRecords(directory.file("trading.sqlite"), clocks: clocks, metrics: metrics)
    let (journal, stops) = try ControlJournal.open(directory.file("control.journal"))
    journaledStops = stops

    // Trading.
    let ids = IDSource(seed: SystemSources.seed()) { clocks.now }
    let gate = OrderGate(monotonic: clocks.monotonic)
    gate.setLease(until: 0)
    let run = ids.requestID().text
    history = try HistoryRecorder(
      directory.path, replica: configuration.replica, run: run, monotonic: clocks.monotonic)
    let paper = try PaperVenue(
      id: configuration.runtime.venue, logPath: directory.file("paper-venue.log"), seed: SystemSources.seed(),
      sessions: Self.sessions(configuration.runtime.hours), now: { clocks.now })
    venue = paper
    var trading = TradingRuntime.Settings(
      replica: configuration.replica, venue: configuration.runtime.venue,
      loopInterval: configuration.runtime.loopInterval, drainTimeout: configuration.controls.drainTimeout,
      instrument: try Instrument(
        tick: Price(mantissa: 1_000_000), lot: Quantity(mantissa: 1_000_000_000),
        quantityMin: Quantity(mantissa: 1_000_000_000), notionalMin: Money(mantissa: 100_000_000)))
    trading.barInterval = .milliseconds(Int64(60_000 / configuration.runtime.speed))
    runtime = TradingRuntime(
      settings: trading,
      gate: gate, records: records, venue: paper,
      market: Self.market(configuration, material, position: try records.marketPosition()), clocks: clocks, ids: ids,
      log: events, metrics: metrics, sleep: SystemSources.sleep, onBar: { paper.advance($0, $1) }, history: history)

    // Control.
    var control = CommandProcessor.Settings(replica: configuration.replica)
    control.commitWait = options.commitWait
    control.requiresApproval = configuration.controls.requiresApproval
    control.reviewAfterMilliseconds = Int64(configuration.controls.reviewAfter / .milliseconds(1))
    control.approvers = configuration.controls.approvers
    control.breakGlassPerDay = configuration.controls.breakGlassPerDay
    let firing = FiringAlerts()
    control.reach = options.failpoint
    processor = CommandProcessor(
      settings: control, store: controlStore, journal: journal, runtime: runtime, clocks: clocks, ids: ids,
      metrics: metrics, sleep: SystemSources.sleep, announce: ControlAnnouncer(events: events, bus: bus).announce,
      guards: ReleaseGuards(runtime, firing), flatten: runtime.flattening(configuration.controls.flatten),
      history: history)
    var part = ReplicaKeeper.Settings(
      replica: configuration.replica, run: run, home: try storeFolder.home(), isShared: configuration.sharedStore != nil
    )
    part.lease = configuration.controls.lease
    keeper = ReplicaKeeper(
      part, store: controlStore, watch: { try? await controlStore.epoch() }, processor: processor, runtime: runtime,
      clocks: clocks, metrics: metrics, history: history, sleep: SystemSources.sleep)

    // Watching.
    metricStore = MetricStore(Self.storeSettings(configuration, directory), metrics: metrics)
    let (store, registry) = (metricStore, metrics)
    forwardings = configuration.metrics.remoteWrite.map { receiver in
      MetricForwarding(receiver.name, store, metrics: registry, sleep: SystemSources.sleep) {
        await OutboundHTTP.remoteWrite(receiver.url, $0)
      }
    }
    var alerting = AlertDesk.Settings()
    alerting.intervalMilliseconds = Int64(configuration.alerting.interval / .milliseconds(1))
    desk = AlertDesk(
      material.ruleGroups, settings: alerting, store: metricStore, clocks: clocks, metrics: metrics)
    firing.watch(desk)
    alertRoom = try Self.alertRoom(
      configuration, desk, controlStore, alerts: directory.file("alerts.sqlite"), clocks: clocks, metrics: metrics,
      at: startedAt)
    let backtests = try BacktestDesk(
      alertRoom.recorder.store, audit: controlStore, committed: material.backtests)
    ruleWatch = RuleWatch(configuration.alerting.rules, metrics: metrics)

    // Stops by rules, by the calendar, and rehearsed.
    automaticFeed = AutomaticFeed(
      desk: desk, store: metricStore, log: log, isPermitted: backtests.permits)
    let planning = try Planning(
      configuration.controls, processor: processor, runtime: runtime, store: controlStore, events: events, bus: bus,
      clocks: clocks, ids: ids, metrics: metrics)

    // Who may come in.
    let authority = try ActAsKey.authority(in: directory)
    let identity = try IdentitySources(configuration.auth, actAs: authority, options: options, metrics: metrics)
    refresher = identity.refresher
    live = LiveConfiguration(configuration, file: options.file, clocks: clocks, metrics: metrics)
    let revocations = try RevocationDesk(controlStore, policy: configuration.auth.policy, at: clocks.now)
    let sessions = ConsoleSessions(keys: options.consoleKeys, now: { clocks.now }, secret: SystemSources.secret)

    // The surface.
    drainState = DrainState()
    context = AdminContext(
      clocks: clocks, ids: ids, processor: processor, controlStore: controlStore, auditKeeper: auditKeeper,
      auditKeys: auditKeys, keeper: keeper, history: history, historyFolder: directory.path, runtime: runtime, log: log,
      registry: metrics,
      metricStore: metricStore, desk: desk, pulse: pulse, alertRoom: alertRoom,
      backtests: backtests, runbooks: RunbookLibrary(material.runbooks),
      acknowledgements: try AlertAcknowledgements(controlStore), bus: bus, sessions: sessions,
      idempotency: IdempotencyDesk(controlStore) { clocks.now }, revocations: revocations,
      actAs: ActAsDesk(authority, store: controlStore, revocations: revocations, ids: ids), keys: identity.status,
      configuration: live,
      about: AdminContext.About(
        environment: configuration.environmentName, replica: configuration.replica, version: options.version,
        startedAt: startedAt), releaseStages: configuration.controls.stages,
      automatic: planning.automatic, windows: planning.windows, drills: planning.drills, planeMemory: planning.memory,
      sleep: SystemSources.sleep)
    context.measureHealth()
    let verifier = identity.verifier
    routes =
      AdminRoutes(
        context,
        verify: { token in
          do throws(Refusal) {
            let bytes = Array(token.utf8)
            return .success(try verifier.verify(bytes.span, at: clocks.now))
          } catch {
            return .failure(error)
          }
        }, console: EmbeddedFiles.console, isDraining: { [drainState] in drainState.isDraining },
        servesTrading: configuration.runtime.isEnabled
      ).all
    let processor = processor
    let log = log
    dataPlane = DataPlane(
      settings: configuration.server.dataPlane, clocks: clocks, metrics: metrics,
      hooks: DataPlane.Hooks(
        tradingRefusal: { processor.tradingRefusal($0) }, sessionToken: { sessions.token($0) },
        log: { [evidence] in
          evidence.add($0)
          log.append($0)
        }, keyMissing: identity.keyMissing, tell: { [events] in events.emit($0) }),
      verifier: verifier, revocations: revocations.list,
      snapshot: Self.snapshot(configuration, material, routes, metrics: metrics))
    live.onApply { [dataPlane, routes, metrics, desk, alertRoom] configuration, material in
      dataPlane.replace(Self.snapshot(configuration, material, routes, metrics: metrics))
      desk.replace(material.ruleGroups)
      alertRoom.replace(configuration.alerting.routing, at: clocks.now)
    }
  }

  /// The alert desk as an earlier process left it, with its receivers.
  private static func alertRoom(
    _ configuration: Configuration, _ desk: AlertDesk, _ controlStore: SQLiteControlStore, alerts path: String,
    clocks: Clocks, metrics: MetricRegistry, at now: WallTime
  ) throws -> AlertRoom {
    let alerting = configuration.alerting
    let recorder = AlertRecorder(
      try AlertStore(path, clocks: clocks, metrics: metrics), clocks: clocks, metrics: metrics)
    let recalled = recorder.recall(at: now)
    let ended = desk.restore(recalled.records, at: now)
    let externalURL = alerting.externalURL ?? configuration.publicURL
    let notifier = Notifier(
      alerting.receivers, externalURL: externalURL, ledger: recorder, clocks: clocks, metrics: metrics,
      sleep: { try await Task.sleep(for: $0) }, send: OutboundHTTP.deliver)
    return AlertRoom(
      desk: desk, silences: try SilenceDesk(controlStore, metrics: metrics), recorder: recorder, notifier: notifier,
      links: alerting.receivers.compactMap {
        AlertmanagerLink($0, externalURL: externalURL, metrics: metrics, send: OutboundHTTP.deliver)
      }, tree: alerting.routing, receivers: alerting.receivers, recalled: recalled, ended: ended, metrics: metrics,
      at: now)
  }

  private static func snapshot(
    _ configuration: Configuration, _ material: Material, _ own: [Route], metrics: MetricRegistry
  ) -> DataPlane.Snapshot {
    if let tls = material.tls {
      metrics.family(MetricCatalog.tlsCertificateExpiry).gauge("public").set(Double(tls.notAfter.unixSeconds))
    }
    let forwarded = configuration.routes.map { route in
      Route(
        nil, route.path, access: .roles(route.roles), on: .public, class: route.trafficClass, cost: route.cost,
        honoursIdempotencyKey: route.honoursIdempotencyKey, guard: route.guardMode,
        isMultiTenant: route.isMultiTenant, allowsWebSocket: route.allowsWebSocket,
        action: .forward(upstream: route.upstream))
    }
    return DataPlane.Snapshot(
      publicRoutes: RouteTable((own + forwarded).filter { $0.listeners.contains(.public) }),
      opsRoutes: RouteTable(own.filter { $0.listeners.contains(.ops) }),
      upstreams: Dictionary(configuration.upstreams.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first }),
      limiter: RateLimiter(configuration.limits, metrics: metrics), isolation: configuration.isolation,
      tls: material.tls)
  }

  private static func storeSettings(_ configuration: Configuration, _ directory: DataDirectory) -> MetricStore.Settings
  {
    var settings = MetricStore.Settings()
    settings.folder = directory.file("metrics")
    settings.retentionMilliseconds = Int64(configuration.metrics.retention / .milliseconds(1))
    settings.random = { SystemSources.seed() }
    settings.followsPrometheus2 = configuration.metrics.followsPrometheus2
    return settings
  }

  private static func market(
    _ configuration: Configuration, _ material: Material, position: String?
  ) -> any MarketData {
    RecordedMarket(material.bars, barsPerMinute: configuration.runtime.speed, from: position) ?? NoMarket()
  }

  /// What the paper venue's market takes at a moment.
  private static func sessions(_ hours: MarketCalendar) -> @Sendable (WallTime) -> MarketStanding {
    { now in
      if case .open = hours.status(at: now) { return .open }
      return .closed(opensAt: hours.nextSession(from: now)?.open)
    }
  }

  /// Records go to the log; those about orders also to whoever watches.
  private static func eventLog(_ log: LogWriter, _ bus: EventBus, _ evidence: AlertEvidence) -> EventLog {
    EventLog { event in
      log.append(event)
      evidence.add(event)
      if event.name.hasPrefix("order."), let tenant = event.tenant {
        bus.publish("orders_update", tenant: tenant, at: event.time, requestID: event.requestID, event.encoded())
      }
    }
  }
}
