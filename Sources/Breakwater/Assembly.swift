package import AdminAPI
import Alerting
import ControlModel
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
  let desk: AlertDesk
  let auditKeeper: AuditKeeper
  let alertRoom: AlertRoom
  let ruleWatch: RuleWatch
  let pulse = AlertPulse()
  let evidence = AlertEvidence()
  let bus: EventBus
  let refresher: KeyRefresher?
  let dataPlane: DataPlane
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
    let auditKey = try AuditKey.load(directory.path, seed: SystemSources.secret)
    let auditKeys = auditKey.allKeys(in: directory.path)
    let controlStore = try SQLiteControlStore(
      directory.file("control.sqlite"), key: auditKey, clocks: clocks, metrics: metrics)
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
    let gate = OrderGate()
    let paper = try PaperVenue(
      id: configuration.runtime.venue, logPath: directory.file("paper-venue.log"), seed: SystemSources.seed()
    ) { clocks.now }
    venue = paper
    runtime = TradingRuntime(
      settings: TradingRuntime.Settings(
        replica: configuration.replica, venue: configuration.runtime.venue,
        loopInterval: configuration.runtime.loopInterval, drainTimeout: configuration.controls.drainTimeout,
        instrument: try Instrument(
          tick: Price(mantissa: 1_000_000), lot: Quantity(mantissa: 1_000_000_000),
          quantityMin: Quantity(mantissa: 1_000_000_000), notionalMin: Money(mantissa: 100_000_000))),
      gate: gate, records: records, venue: paper,
      market: Self.market(configuration, material, position: try records.marketPosition()), clocks: clocks, ids: ids,
      log: events, metrics: metrics, sleep: SystemSources.sleep, onBar: { paper.advance($0, $1) })

    // Control.
    var control = CommandProcessor.Settings(replica: configuration.replica)
    control.requiresApproval = configuration.controls.requiresApproval
    control.reviewAfterMilliseconds = Int64(configuration.controls.reviewAfter / .milliseconds(1))
    processor = CommandProcessor(
      settings: control, store: controlStore, journal: journal, runtime: runtime, clocks: clocks, ids: ids,
      metrics: metrics, sleep: SystemSources.sleep, announce: ControlAnnouncer(events: events, bus: bus).announce)

    // Watching.
    metricStore = MetricStore(metrics: metrics)
    var alerting = AlertDesk.Settings()
    alerting.intervalMilliseconds = Int64(configuration.alerting.interval / .milliseconds(1))
    desk = AlertDesk(
      material.ruleGroups, settings: alerting, store: metricStore, clocks: clocks, metrics: metrics)
    alertRoom = try Self.alertRoom(
      configuration, desk, controlStore, alerts: directory.file("alerts.sqlite"), clocks: clocks, metrics: metrics,
      at: startedAt)

    let backtests = try BacktestDesk(
      alertRoom.recorder.store, audit: controlStore, committed: EmbeddedFiles.backtests)
    ruleWatch = RuleWatch(configuration.alerting.rules, metrics: metrics)

    // Who may come in.
    let identity = try IdentitySources(configuration.auth, options: options, metrics: metrics)
    refresher = identity.refresher
    live = LiveConfiguration(
      configuration, rules: material.ruleGroups, file: options.file, clocks: clocks, metrics: metrics)
    let revocations = try RevocationDesk(controlStore, policy: configuration.auth.policy, at: clocks.now)
    let sessions = ConsoleSessions(keys: options.consoleKeys, now: { clocks.now }, secret: SystemSources.secret)

    // The surface.
    drainState = DrainState()
    context = AdminContext(
      clocks: clocks, ids: ids, processor: processor, controlStore: controlStore, auditKeeper: auditKeeper,
      auditKeys: auditKeys, runtime: runtime, log: log, registry: metrics,
      metricStore: metricStore, desk: desk, pulse: pulse, alertRoom: alertRoom,
      backtests: backtests, runbooks: RunbookLibrary(material.runbooks),
      acknowledgements: try AlertAcknowledgements(controlStore), bus: bus, sessions: sessions,
      idempotency: IdempotencyDesk(controlStore) { clocks.now }, revocations: revocations, keys: identity.status,
      configuration: live,
      about: AdminContext.About(
        environment: configuration.environmentName, replica: configuration.replica, version: options.version,
        startedAt: startedAt), sleep: SystemSources.sleep)
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
        }, keyMissing: identity.keyMissing),
      verifier: verifier, revocations: revocations.list,
      snapshot: Self.snapshot(configuration, routes, metrics: metrics))
    live.onApply { [dataPlane, routes, metrics, desk, alertRoom] configuration, rules in
      dataPlane.replace(Self.snapshot(configuration, routes, metrics: metrics))
      desk.replace(rules)
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
    let externalURL = alerting.externalURL ?? "http://\(configuration.server.listen)"
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
    _ configuration: Configuration, _ own: [Route], metrics: MetricRegistry
  ) -> DataPlane.Snapshot {
    let forwarded = configuration.routes.map { route in
      Route(
        nil, route.path, access: .roles(route.roles), on: .public, class: route.trafficClass, cost: route.cost,
        guard: route.guardMode, isMultiTenant: route.isMultiTenant, action: .forward(upstream: route.upstream))
    }
    return DataPlane.Snapshot(
      publicRoutes: RouteTable((own + forwarded).filter { $0.listeners.contains(.public) }),
      opsRoutes: RouteTable(own.filter { $0.listeners.contains(.ops) }),
      upstreams: Dictionary(configuration.upstreams.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first }),
      limiter: RateLimiter(configuration.limits, metrics: metrics), isolation: configuration.isolation)
  }

  private static func market(
    _ configuration: Configuration, _ material: Material, position: String?
  ) -> any MarketData {
    RecordedMarket(material.bars, barsPerMinute: configuration.runtime.speed, from: position) ?? NoMarket()
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
