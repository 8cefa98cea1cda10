import Alerting
package import ControlModel
package import DataPlane
package import Identity

/// Every route Breakwater answers itself, as one table: who may call it, where, how it is shed, what answers. OpenAPI is
/// generated from it, and the isolation tests walk it.
package struct AdminRoutes {
  private let context: AdminContext
  private let verify: @Sendable (String) -> Result<Principal, Refusal>
  private let console: [ConsoleFile]
  private let isDraining: @Sendable () -> Bool
  private let servesTrading: Bool

  /// - Parameter servesTrading: whether the embedded runtime trades; without it the trading routes are the backend's.
  package init(
    _ context: AdminContext, verify: @escaping @Sendable (String) -> Result<Principal, Refusal>,
    console: [ConsoleFile], isDraining: @escaping @Sendable () -> Bool, servesTrading: Bool
  ) {
    self.context = context
    self.verify = verify
    self.console = console
    self.isDraining = isDraining
    self.servesTrading = servesTrading
  }

  private static let readers: Set<Role> = [.support, .operator, .admin]
  private static let stoppers: Set<Role> = [.operator, .admin]
  private static let admins: Set<Role> = [.admin]
  private static let auditors: Set<Role> = [.auditor, .admin]
  private static let scrapers: Set<Role> = [.metrics, .admin]
  private static let traders: Set<Role> = [.user]
  private static let senders: Set<Role> = [.service, .metrics, .admin, .user]
  private static let everyone = Set(Role.allCases)
  /// Rules and alerts are about everyone: for those who watch over all tenants, not for a tenant's user, who may query
  /// series because every selector of such a query also asks for the token's tenant.
  private static let watchers: Set<Role> = [.support, .operator, .admin, .auditor, .metrics]

  package var all: [Route] {
    var routes = health + console(ConsoleEndpoints(context: context, verify: verify, files: filesByPath))
    routes += status + controls + planning + alerts + requests + revocations + actAs + configuration + audit + metrics
    routes += trading + streams
    routes +=
      prometheus("", on: .ops, access: .open) + prometheus("/prometheus", on: .public, access: .roles(Self.watchers))
    let documented = routes
    routes.append(
      Route(
        .get, "/openapi.json", access: .open, on: .both, class: .admin,
        action: .endpoint(
          Endpoint("This document.") { (_: Call) async throws(Refusal) -> Reply in
            .json(200, OpenAPIDocument(documented, version: context.about.version))
          })))
    return routes
  }

  private var filesByPath: [String: ConsoleFile] {
    Dictionary(console.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
  }

  // MARK: Groups

  private var health: [Route] {
    let health = HealthEndpoints(context: context, isDraining: isDraining)
    return [
      get("/health/live", .open, .control, "The process answers.", health.live),
      get("/health/ready", .open, .control, "Whether to send traffic here.", health.ready),
      get("/health", .open, .control, "The parts and how they are.", health.parts),
      get("/-/healthy", .open, .control, on: .ops, "As Prometheus answers it.", health.live),
      get("/-/ready", .open, .control, on: .ops, "As Prometheus answers it.", health.ready),
      get("/metrics", .openOnOps(Self.scrapers), .control, "Metrics in the Prometheus text format.", health.metrics),
      get("/version", .open, .control, "Which build this is.", health.version),
    ]
  }

  private var status: [Route] {
    let status = StatusEndpoints(context: context)
    let readers = Route.Access.roles(Self.readers)
    return [
      get("/admin/status", readers, .control, "What an operator needs first, each part with its age.", status.status),
      get("/admin/tenants", readers, .control, "Tenants with effective state and every cause.", status.tenants),
      get("/admin/tenants/{tenant}", readers, .control, "One tenant.", status.tenant),
      get("/admin/tenants/{tenant}/profiles", readers, .control, "One tenant's profiles.", status.profiles),
    ]
  }

  private var controls: [Route] {
    let controls = ControlEndpoints(context: context)
    let releases = ReleaseEndpoints(context: context)
    let readers = Route.Access.roles(Self.readers)
    let stoppers = Route.Access.roles(Self.stoppers)
    let admins = Route.Access.roles(Self.admins)
    return [
      get("/admin/controls", readers, .control, "Control documents; ETag is the epoch.", controls.list),
      post("/admin/controls", stoppers, .control, "Stop a scope; answers the receipt.", controls.impose),
      post("/admin/controls/plan", stoppers, .control, "What a stop would reach; nothing changes.", controls.plan),
      get(
        "/admin/controls/effective", readers, .control, "What a scope is subject to, with causes.", controls.effective),
      get("/admin/controls/{id}", readers, .control, "One control document.", controls.show),
      get("/admin/controls/{id}/receipt", readers, .control, "What is true of a stop now.", controls.receipt),
      post("/admin/controls/{id}/release", admins, .control, "Ask for a control to be lifted.", releases.release),
      post("/admin/halt", stoppers, .control, "Stop all trading.", controls.halt),
      post("/admin/resume", admins, .control, "Ask for every global control to be lifted.", releases.resume),
      post("/admin/tenants/{tenant}/disable", stoppers, .control, "Stop a tenant.", controls.disable),
      post(
        "/admin/tenants/{tenant}/enable", admins, .control, "Ask for a tenant's controls to be lifted.", releases.enable
      ),
      post(
        "/admin/tenants/{tenant}/profiles/{profile}/disable", stoppers, .control, "Stop a profile.", controls.disable),
      post(
        "/admin/tenants/{tenant}/profiles/{profile}/enable", admins, .control,
        "Ask for a profile's controls to be lifted.", releases.enable),
      get("/admin/approvals", readers, .control, "Releases waiting, and decided.", releases.approvals),
      get("/admin/approvals/{id}", readers, .control, "One approval.", releases.approval),
      post("/admin/approvals/{id}/approve", admins, .control, "Approve; answers the receipt.") {
        (call: Call) async throws(Refusal) -> Reply in try await releases.decide(call, .approve)
      },
      post("/admin/approvals/{id}/deny", admins, .control, "Deny.") { (call: Call) async throws(Refusal) -> Reply in
        try await releases.decide(call, .deny)
      },
    ]
  }

  private var planning: [Route] {
    let automatic = AutomaticEndpoints(context: context)
    let releases = ReleaseEndpoints(context: context)
    let windows = WindowEndpoints(context: context)
    let drills = DrillEndpoints(context: context)
    let readers = Route.Access.roles(Self.readers)
    let stoppers = Route.Access.roles(Self.stoppers)
    let admins = Route.Access.roles(Self.admins)
    return [
      get("/admin/automatic", readers, .control, "Proposals with their countdown, and the shadow log.", automatic.list),
      get("/admin/automatic/{id}", readers, .control, "One of them with what the rule saw.", automatic.show),
      post(
        "/admin/automatic/{id}/accept", stoppers, .control, "Do what it proposes; answers the receipt.",
        automatic.accept),
      post("/admin/automatic/{id}/dismiss", stoppers, .control, "Decide against it.", automatic.dismiss),
      post("/admin/automatic/{id}/undo", admins, .control, "Ask for what it stopped to be lifted.", releases.undo),
      get("/admin/windows", readers, .control, "Planned stops, what comes next first.", windows.list),
      post("/admin/windows", admins, .control, "Plan a stop.", windows.add),
      route(.delete, "/admin/windows/{id}", admins, .control, "Remove a planned stop.", windows.remove),
      get("/admin/drills", readers, .admin, "Drills, newest first.", drills.list),
      post("/admin/drills", stoppers, .admin, "Run a drill; answers its report.", drills.start),
      get("/admin/drills/{id}", readers, .admin, "One drill's report; `last` is the newest.", drills.show),
    ]
  }

  private var alerts: [Route] {
    let alerts = AlertEndpoints(context: context)
    let silences = SilenceEndpoints(context: context)
    let messages = NotificationEndpoints(context: context)
    let rules = RuleEndpoints(context: context)
    let stoppers = Route.Access.roles(Self.stoppers)
    let readers = Route.Access.roles(Self.readers)
    return [
      get("/admin/alerts", readers, .control, "Alerts with live values and who has them.", alerts.list),
      post(
        "/admin/alerts/{fingerprint}/ack", stoppers, .control, "Take an alert, or hand it to someone.",
        alerts.acknowledge),
      route(.delete, "/admin/alerts/{fingerprint}/ack", stoppers, .control, "Give an alert back.", alerts.release),
      post("/admin/alerts/{fingerprint}/comment", stoppers, .control, "A word about an alert.", alerts.comment),
      get("/admin/alert-history", readers, .admin, "What happened to alerts, newest first.", messages.history),
      get("/admin/silences", readers, .control, "Silences, with what they mute.", silences.list),
      post("/admin/silences", stoppers, .control, "Silence alerts, with a reason and an end.", silences.add),
      route(.delete, "/admin/silences", stoppers, .control, "End a silence.", silences.end),
      post("/admin/silences/preview", stoppers, .control, "What a silence would mute.", silences.preview),
      get("/admin/silences/{id}", readers, .control, "One silence.", silences.show),
      route(.delete, "/admin/silences/{id}", stoppers, .control, "End a silence.", silences.end),
      get("/admin/notifications", readers, .admin, "Who was told what, newest first.", messages.list),
      get("/admin/receivers", readers, .admin, "Who can be told.", messages.receivers),
      post("/admin/receivers/{receiver}/test", stoppers, .admin, "Send a test message.", messages.test),
      post("/admin/alert-routes/test", readers, .admin, "Where an alert would go.", messages.routes),
      get("/admin/rules/backtests", readers, .admin, "Backtests that let rules act by themselves.", rules.records),
      Route(
        .post, "/admin/rules/backtest", access: stoppers, on: .both, class: .admin,
        action: .endpoint(
          Endpoint(
            "What rules would have done over stored history.", bodyBytesMax: RuleFile.bytesMax, handle: rules.backtest))
      ),
      get("/admin/runbooks", readers, .admin, "Names of all runbooks.", alerts.runbooks),
      get("/admin/runbooks/{alert}", readers, .admin, "A runbook beside its alert.", alerts.runbook),
    ]
  }

  private var requests: [Route] {
    let requests = RequestEndpoints(context: context)
    let readers = Route.Access.roles(Self.readers)
    return [
      get("/admin/requests", readers, .admin, "Search requests.", requests.search),
      get("/admin/requests/{requestId}", readers, .admin, "Everything about one request.", requests.timeline),
      get("/admin/logs", readers, .admin, "Search log records.", requests.logs),
    ]
  }

  private var audit: [Route] {
    let audit = AuditEndpoints(context: context)
    let auditors = Route.Access.roles(Self.auditors)
    let readers = Route.Access.roles(Self.readers)
    let replicas = ReplicaEndpoints(context: context)
    return [
      get("/admin/audit", auditors, .admin, "Audit records, newest first.", audit.list),
      get("/admin/audit/verify", auditors, .admin, "Walk the whole log.", audit.verify),
      get("/admin/audit/checkpoint", auditors, .admin, "A signed note over the log as it stands.", audit.checkpoint),
      get("/admin/audit/proofs/inclusion", auditors, .admin, "That an entry is in the log.", audit.inclusion),
      get("/admin/audit/proofs/consistency", auditors, .admin, "That the log only grew.", audit.consistency),
      get("/admin/history/export", auditors, .admin, "This replica's history.", replicas.history),
      get("/admin/replicas", readers, .control, "Gates that share the control store.", replicas.list),
      post(
        "/admin/replicas/{replica}/remove", .roles(Self.admins), .admin, "Forget a gate that is gone.", replicas.remove),
      get("/admin/audit/export", auditors, .admin, "The log, to be verified anywhere.", audit.export),
    ]
  }

  private var metrics: [Route] {
    [
      post(
        "/admin/metrics/snapshot", .roles(Self.admins), .admin, "Write all samples as Prometheus blocks.",
        MetricEndpoints(context: context).snapshot)
    ]
  }

  private var revocations: [Route] {
    let revocations = RevocationEndpoints(context: context)
    let admins = Route.Access.roles(Self.admins)
    return [
      get("/admin/revocations", admins, .control, "Tokens that are not believed any more.", revocations.list),
      post("/admin/revocations", admins, .control, "Revoke tokens; in force when it answers.", revocations.add),
      route(.delete, "/admin/revocations", admins, .control, "Lift a revocation.", revocations.remove),
    ]
  }

  private var actAs: [Route] {
    let actAs = ActAsEndpoints(context: context)
    let staff = Route.Access.roles([.support, .admin])
    return [
      get("/admin/act-as", .roles(Self.readers), .admin, "Who acts, or acted, as which tenant.", actAs.list),
      post("/admin/act-as", staff, .admin, "Begin to act as a tenant; answers a token.", actAs.begin),
      route(.delete, "/admin/act-as/{id}", staff, .control, "End a session; in force when it answers.", actAs.end),
      get(
        "/api/v1/act-as", .roles(Self.traders), .read, on: .public, "Who acted as the caller's tenant, and why.",
        actAs.own),
    ]
  }

  private var configuration: [Route] {
    let configuration = ConfigurationEndpoints(context: context)
    let admins = Route.Access.roles(Self.admins)
    return [
      get("/admin/config", admins, .admin, "Settings in force and where each came from.", configuration.show),
      get("/admin/config/versions", admins, .admin, "Configurations of this process.", configuration.versions),
      post("/admin/config/validate", admins, .admin, "Check a configuration; nothing changes.", configuration.validate),
      post("/admin/config/reload", admins, .admin, "Apply the file, whole or not at all.", configuration.reload),
      post("/admin/config/rollback", admins, .admin, "Apply an earlier version.", configuration.rollBack),
    ]
  }

  private var trading: [Route] {
    guard servesTrading else { return [] }
    let trading = TradingEndpoints(context: context)
    let traders = Route.Access.roles(Self.traders)
    return [
      get("/api/v1/trading/status", traders, .read, on: .public, "The caller's trading state.", trading.status),
      get("/api/v1/profiles", traders, .read, on: .public, "The caller's profiles.", trading.profiles),
      get("/api/v1/profiles/{profile}", traders, .read, on: .public, "One profile.", trading.profile),
      get("/api/v1/positions", traders, .read, on: .public, "Open positions.", trading.positions),
      get("/api/v1/orders", traders, .read, on: .public, "Orders, newest first.", trading.orders),
      get("/api/v1/orders/{order}", traders, .read, on: .public, "One order.", trading.order),
      post("/api/v1/orders", traders, .trading, on: .public, changesTrading: true, "Place an order.", trading.place),
      route(.delete, "/api/v1/orders/{order}", traders, .riskReducing, on: .public, "Cancel an order.", trading.cancel),
      get("/api/v1/capital/ledger", traders, .read, on: .public, "Ledger postings, newest first.", trading.ledger),
    ]
  }

  private var streams: [Route] {
    let streams = StreamEndpoints(context: context)
    return [
      get("/stream/v1/admin", .roles(Self.readers), .control, "Everything that happens, as SSE.", streams.admin),
      get(
        "/stream/v1/trading", .roles(Self.traders), .stream, on: .public, "The caller's tenant, as SSE.",
        streams.trading),
    ]
  }

  private func prometheus(_ prefix: String, on listeners: Route.Listeners, access: Route.Access) -> [Route] {
    let prometheus = PrometheusEndpoints(context: context)
    let series = access == .open ? access : Route.Access.roles(Self.everyone)
    func row(
      _ method: Method, _ path: String, _ summary: String, _ access: Route.Access, lane: QueryLanes? = nil,
      _ handle: @escaping @Sendable (Call) async throws(Refusal) -> Reply
    ) -> Route {
      Route(
        method, prefix + "/api/v1/" + path, access: access, on: listeners, class: .admin,
        action: .endpoint(Endpoint(summary, on: lane, handle: handle)))
    }
    let lane = QueryLanes.shared
    func both(
      _ path: String, _ summary: String, lane: QueryLanes? = nil,
      _ handle: @escaping @Sendable (Call) async throws(Refusal) -> Reply
    ) -> [Route] {
      [row(.get, path, summary, series, lane: lane, handle), row(.post, path, summary, series, lane: lane, handle)]
    }
    func intake(
      _ path: String, _ summary: String, _ handle: @escaping @Sendable (Call) async throws(Refusal) -> Reply
    ) -> Route {
      Route(
        .post, prefix + "/api/v1/" + path, access: access == .open ? .open : .roles(Self.senders), on: listeners,
        class: .admin,
        action: .endpoint(Endpoint(summary, bodyBytesMax: PrometheusEndpoints.intakeBytesMax, handle: handle)))
    }
    return both("query", "Instant query.", lane: lane, prometheus.query)
      + both("query_range", "Range query.", lane: lane, prometheus.queryRange)
      + both("series", "Series by selector.", lane: lane, prometheus.series)
      + both("labels", "Label names.", lane: lane, prometheus.labels)
      + both("query_exemplars", "Exemplars by query.", prometheus.queryExemplars)
      + both("format_query", "A query in canonical form.", prometheus.formatQuery)
      + both("parse_query", "A query's syntax tree.", prometheus.parseQuery) + [
        row(.get, "label/{name}/values", "Values of a label.", series, lane: lane, prometheus.labelValues),
        row(.get, "metadata", "What metrics mean.", series, prometheus.metadata),
        row(.get, "rules", "Rules and their state.", access, prometheus.rules),
        row(.get, "alerts", "Active alerts.", access, prometheus.alerts),
        row(.get, "targets", "Nothing is scraped.", access, prometheus.targets),
        row(.get, "status/buildinfo", "Build information.", series, prometheus.buildInfo),
        row(.get, "status/runtimeinfo", "How the store is.", access, prometheus.runtimeInfo),
        row(.get, "status/flags", "Settings of queries and store.", access, prometheus.flags),
        row(.get, "status/config", "An empty Prometheus configuration.", access, prometheus.configurationText),
        row(.get, "status/tsdb", "Which names and labels have most series.", access, prometheus.storeStatus),
        intake("write", "remote_write 1.0.", prometheus.write),
        intake("otlp/v1/metrics", "OTLP metrics, protobuf or JSON.", prometheus.otlp),
        route(
          .get, prefix + "/federate", series, .admin, on: listeners, "Newest samples as text.", prometheus.federate),
      ]
  }

  private func console(_ endpoints: ConsoleEndpoints) -> [Route] {
    var routes = [
      post("/console/session", .open, .control, "Sign a browser in.", endpoints.signIn),
      route(.delete, "/console/session", .open, .control, "Sign a browser out.", endpoints.signOut),
      get("/admin/me", .roles(Self.everyone), .control, "Who is signed in.", endpoints.me),
      get("/", .open, .control, "The console.", endpoints.file("/")),
    ]
    for file in console where file.path != "/" {
      routes.append(get(file.path, .open, .control, "A file of the console.", endpoints.file(file.path)))
    }
    return routes
  }

  // MARK: Rows

  private func get(
    _ path: String, _ access: Route.Access, _ trafficClass: TrafficClass, on listeners: Route.Listeners = .both,
    _ summary: String, _ handle: @escaping @Sendable (Call) async throws(Refusal) -> Reply
  ) -> Route {
    route(.get, path, access, trafficClass, on: listeners, summary, handle)
  }

  private func post(
    _ path: String, _ access: Route.Access, _ trafficClass: TrafficClass, on listeners: Route.Listeners = .both,
    changesTrading: Bool = false, _ summary: String,
    _ handle: @escaping @Sendable (Call) async throws(Refusal) -> Reply
  ) -> Route {
    route(.post, path, access, trafficClass, on: listeners, changesTrading: changesTrading, summary, handle)
  }

  private func route(
    _ method: Method, _ path: String, _ access: Route.Access, _ trafficClass: TrafficClass,
    on listeners: Route.Listeners = .both, changesTrading: Bool = false, _ summary: String,
    _ handle: @escaping @Sendable (Call) async throws(Refusal) -> Reply
  ) -> Route {
    Route(
      method, path, access: access, on: listeners, class: trafficClass, changesTrading: changesTrading,
      action: .endpoint(Endpoint(summary, handle: handle)))
  }
}
