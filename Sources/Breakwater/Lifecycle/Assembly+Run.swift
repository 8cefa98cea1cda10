import AdminAPI
import Alerting
import ControlModel
import ControlPlane
package import DataPlane
import Identity
import MetricStore
import NIOCore
import NIOPosix
import Realtime
import RequestLog
import ServiceLifecycle
import Store
import Telemetry
import Threads
import TradingRuntime
import UnixSignals
import Wire

extension Assembly {
  /// Boots, listens and runs until SIGTERM or SIGINT, then drains. Throws what kept it from starting.
  package func run(started: @Sendable (_ public: Listener, _ ops: Listener) -> Void = { _, _ in }) async throws {
    defer { directory.release() }
    // From here on: untrapped, it would end the process. One that comes too early is taken when there is something to reload.
    let hangups = await UnixSignalsSequence(trapping: .sighup)
    // The gate is held until every one of these has succeeded.
    noteBoot()
    await processor.join(keeper)
    try await processor.boot(journaled: journaledStops)
    let local = openLocalSocket()
    defer { local?.close() }
    try await runtime.recover(configuration.runtime.isEnabled ? configuration.runtime.profiles : [])
    // The first lease; without one the gate refuses every order whatever the controls say.
    try await keeper.register()
    await processor.open()

    let opsGroup = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let publicGroup = MultiThreadedEventLoopGroup(
      numberOfThreads: configuration.server.loops ?? max(1, System.coreCount))
    for group in [opsGroup, publicGroup] {
      for loop in group.makeIterator() { loop.execute { ThreadSchedule.prompt.adopt() } }
    }
    let ops = try await listen(.ops, configuration.server.ops, options.sockets.ops, on: opsGroup)
    let publicListener = try await listen(.public, configuration.server.listen, options.sockets.listen, on: publicGroup)
    started(publicListener, ops)
    say("lifecycle.started", "Breakwater \(options.version) is up")
    for warning in configuration.warnings { say("config.warning", warning.description, severity: .warn) }

    let rules = RuleExecutor()
    // Stopped in reverse order: first nothing more comes in, then what works in the background ends.
    var services: [any Service] = [
      Background(name: "signals") {
        await withTaskExecutorPreference(rules) { await self.sampleAndEvaluate(on: rules) }
      },
      Background(name: "containment") { await self.containment.run(self.automaticFeed, self.context.automatic) },
      Background(name: "metric store") { await self.maintainMetrics() },
      Background(name: "alert records") { await self.alertRoom.recorder.run() },
      Background(name: "lease") { await self.keeper.run() },
      Background(name: "audit") { await self.auditKeeper.run() },
      Background(name: "notifier") { await self.alertRoom.notifier.run() },
      Background(name: "alertmanager") {
        await self.alertRoom.runLinks(now: { self.options.clocks.now }, sleep: SystemSources.sleep)
      },
      Background(name: "status") { await self.publishStatus() },
      Background(name: "reload") { await self.reload(on: hangups) },
      Background(name: "rule files") { await self.watchRules() },
    ]
    for forwarding in forwardings {
      services.append(Background(name: "remote write") { await forwarding.run() })
    }
    if let refresher { services.append(Background(name: "keys") { await refresher.run() }) }
    if configuration.runtime.isEnabled { services.append(Background(name: "runtime") { await self.runtime.run() }) }
    services.append(
      ListenerService(
        ops: ops, publicListener: publicListener, drainState: drainState, bus: bus, dataPlane: dataPlane,
        delay: configuration.server.dataPlane.drainDelay))
    // Work that has nothing to do (no receivers to notify) may end; only the signals end the process.
    let group = ServiceGroup(
      configuration: ServiceGroupConfiguration(
        services: services.map { .init(service: $0, successTerminationBehavior: .ignore) },
        gracefulShutdownSignals: [.sigterm, .sigint], logger: Quiet.logger))
    try await group.run()
    await keeper.leave()
    _ = await auditKeeper.sign(after: -1)
    await history.flush()
    say("lifecycle.stopped", "Breakwater stopped")
    await log.flush()
    try await publicGroup.shutdownGracefully()
    try await opsGroup.shutdownGracefully()
  }

  /// A stop from this machine's shell; without the socket there are the listeners.
  private func openLocalSocket() -> LocalSocket? {
    let halt = LocalHalt(context)
    do throws(LocalSocketFailure) {
      return try LocalSocket(in: configuration.dataDir, bytesMax: LocalHalt.bytesMax) { await halt.answer($0, uid: $1) }
    } catch {
      say("local.unavailable", error.description, severity: .error)
      return nil
    }
  }

  private func noteBoot() {
    var event = HistoryEvent(.boot)
    // Draining, committing and waiting for other gates, each at its longest.
    let bound = configuration.controls.drainTimeout + options.commitWait
    event.boundMs = Int64((bound + keeper.sealBound) / .milliseconds(1))
    event.approvals = configuration.controls.requiresApproval
    history.record(event)
  }

  private func listen(
    _ kind: Listener.Kind, _ address: Configuration.Address, _ socket: CInt?, on group: MultiThreadedEventLoopGroup
  ) async throws -> Listener {
    do {
      return try await Listener.start(
        kind, host: address.host, port: address.port, on: group, dataPlane: dataPlane, seed: SystemSources.seed(),
        socket: socket)
    } catch let error as IOError {
      throw ListenFailure(address: address, setting: kind == .ops ? "server.ops" : "server.listen", error.errnoCode)
    }
  }

  private func say(_ name: String, _ body: String, severity: LogEvent.Severity = .info) {
    events.emit(LogEvent(name, severity, at: options.clocks.now, component: "lifecycle", body: body))
  }

  /// SIGHUP does what `POST /admin/config/reload` does.
  private func reload(on hangups: UnixSignalsSequence) async {
    for await _ in hangups {
      do throws(Refusal) {
        let version = try live.reload(by: "SIGHUP")
        say("config.reloaded", "configuration \(version.version) is in force")
      } catch {
        say("config.refused", error.detail, severity: .error)
      }
    }
  }

  private func watchRules() async {
    guard !configuration.alerting.rules.isEmpty else { return }
    var watch = ruleWatch
    while !Task.isCancelled {
      await SystemSources.sleep(RuleWatch.interval)
      switch watch.look() {
      case .unchanged: break
      case .changed(let groups):
        desk.replace(groups)
        say("rules.reloaded", "\(groups.reduce(0) { $0 + $1.rules.count }) rules are in force")
      case .refused(let problem):
        say("rules.refused", "the rules of before stay in force: \(problem)", severity: .error)
      }
    }
  }

  /// How often it is asked, in nanoseconds, between ticks, whether something moved.
  private static let lookInterval: Int64 = 50_000_000

  /// Every metric into the store and every rule evaluated once an interval; between intervals the rules about what was
  /// quiet and moved, for at most a tenth of the time.
  private func sampleAndEvaluate(on rules: RuleExecutor) async {
    // A rule that cannot see the last minutes would call alerts off that still hold.
    await restoreMetrics()
    var sampling = RegistrySampling(
      metrics, into: metricStore, startedAt: context.about.startedAt.unixMilliseconds)
    var vigil = MetricVigil(metrics)
    let interval = configuration.alerting.interval.wholeNanoseconds
    let clock = options.clocks.monotonic
    var isFirst = true
    var nextTick = clock()
    var nextLook = clock()
    while !Task.isCancelled {
      let now = options.clocks.now
      let start = clock()
      if start >= nextTick {
        sampling.sample(at: now.unixMilliseconds)
        let missed = isFirst ? await containment.missed(desk.alerts, by: context.automatic) : []
        isFirst = false
        await handle(desk.tick(at: now), at: now)
        contain(missed.compactMap { desk.stillFiring($0, at: now) })
        vigil.watch(desk.metricsRead)
        _ = vigil.look()
        await context.windows.tick()
        observeReviews(at: now)
        nextTick = max(nextTick + interval, clock())
      } else if start >= nextLook {
        let moved = vigil.look()
        let pushed = pulse.take()
        if !moved.isEmpty || !pushed.isEmpty {
          if !moved.isEmpty { sampling.sample(at: now.unixMilliseconds, only: moved) }
          let series = moved.reduce(into: pushed) { $0.formUnion(MetricVigil.series(of: $1)) }
          await handle(desk.look(at: series, at: now), at: now)
          nextLook = clock() + 9 * (clock() - start)
        }
      }
      await rules.sleep(min(Self.lookInterval, max(1_000_000, nextTick - clock())))
    }
  }

  private func handle(_ changed: [AlertDesk.Transition], at now: WallTime) async {
    contain(changed)
    let transitions = desk.illustrated(changed) { evidence.requests(for: $0, at: now) }
    await alertRoom.turn(transitions, at: now)
    for transition in transitions {
      await tell(transition)
    }
  }

  private func contain(_ transitions: [AlertDesk.Transition]) {
    for alert in containment.take(transitions).map(\.alert) {
      say("automatic.dropped", "\(alert.name) could not wait: \(Containment.waitingMax) alerts do", severity: .error)
    }
  }

  private func tell(_ transition: AlertDesk.Transition) async {
    let alert = transition.alert
    if transition.what == .resolved { await context.acknowledgements.forget(alert.fingerprint) }
    guard alert.severity != "none", transition.what != .dropped else { return }
    events.emit(
      LogEvent(
        "alert.\(transition.what.rawValue)", transition.what == .firing ? .warn : .info, at: transition.at,
        component: "alerting", body: alert.annotations.first { $0.name == "summary" }?.value ?? alert.name,
        attributes: [("alert", .string(alert.name)), ("fingerprint", .string(alert.fingerprint))]))
    bus.publish("alert", at: transition.at, WireJSON.encode(context.item(alert)))
  }

  private func observeReviews(at now: WallTime) {
    let overdue = processor.current.state.controls.values.count { $0.reviewBy <= now }
    metrics.gauge(MetricCatalog.controlReviewOverdue).set(Double(overdue))
  }

  /// Once a second, while someone watches: the pictures the console shows.
  private func publishStatus() async {
    let report = StatusReport(context)
    while !Task.isCancelled {
      let now = options.clocks.now
      context.streams.closeUnwelcome(context.revocations.list.current, at: now)
      if bus.hasAdminSubscribers {
        bus.publish("status", at: now, isSnapshot: true, WireJSON.encode(report.status()))
        bus.publish("tenants", at: now, isSnapshot: true, WireJSON.encode(Page(items: report.tenantItems())))
        let alerts = desk.alerts.filter { $0.severity != "none" }.map(context.item)
        bus.publish("alerts", at: now, isSnapshot: true, WireJSON.encode(Page(items: alerts)))
        var query = LogQuery(limit: 20)
        query.event = "http.access"
        let requests = await log.search(query).map(AccessItem.init)
        bus.publish("requests", at: now, isSnapshot: true, WireJSON.encode(Page(items: requests)))
      }
      for tenant in bus.watchedTenants {
        bus.publish(
          "bot_state", tenant: tenant, at: now, isSnapshot: true,
          WireJSON.encode(report.tradingStatus(of: tenant)))
      }
      await SystemSources.sleep(.seconds(1))
    }
  }
}

/// Work that runs until the group shuts down.
private struct Background: Service {
  let name: String
  let work: @Sendable () async -> Void

  func run() async throws {
    await cancelWhenGracefulShutdown { await work() }
  }
}

/// The listeners: when the group shuts down, readiness says no at once and every answer closes its connection; after the
/// delay nothing more is accepted and what is left is drained, the ops listener last, so that a stop works to the end.
private struct ListenerService: Service {
  let ops: Listener
  let publicListener: Listener
  let drainState: DrainState
  let bus: EventBus
  let dataPlane: DataPlane
  let delay: Duration

  func run() async throws {
    try? await gracefulShutdown()  // cancelled outright: drain all the same
    drainState.start()
    bus.end()
    dataPlane.startDraining()
    await SystemSources.sleep(delay)
    await publicListener.drain()
    await ops.drain()
  }
}
