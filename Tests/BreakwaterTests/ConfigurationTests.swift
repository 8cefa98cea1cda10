import Alerting
import Breakwater
import ControlModel
import DataPlane
import Identity
import Testing

/// What an operator reads when a setting is wrong.
@Suite struct `A configuration` {
  private func load(_ text: String, _ environment: [String: String] = [:]) throws -> Configuration {
    try ConfigurationLoader.load(text, file: "breakwater.yaml", environment: environment)
  }

  private func problems(_ text: String, _ environment: [String: String] = [:]) -> [String] {
    do throws(ConfigurationProblems) {
      _ = try ConfigurationLoader.load(text, file: "breakwater.yaml", environment: environment)
      return []
    } catch {
      return error.problems.map(\.description)
    }
  }

  @Test func `that is empty takes the safe defaults`() throws {
    let configuration = try load("")
    #expect(configuration.server.listen.description == "127.0.0.1:4018")
    #expect(configuration.server.ops.description == "127.0.0.1:4019")
    #expect(configuration.controls.requiresApproval)
    #expect(configuration.auth.jwks == .url("http://127.0.0.1:4003/.well-known/jwks.json"))
    #expect(configuration.runtime.profiles.isEmpty)
    #expect(configuration.server.dataPlane.trustedProxies.isEmpty)
  }

  @Test func `looks at answers wherever a tenant's users may come, unless a route says otherwise`() throws {
    let configuration = try load(
      """
      upstreams: { b: { url: "http://a:1" } }
      routes:
        - { path: /users, upstream: b }
        - { path: /staff, upstream: b, roles: [support] }
        - { path: /strict, upstream: b, guard: enforce }
        - { path: /none, upstream: b, guard: off, multiTenant: true }
      guard: { keys: [accountId] }
      """)
    #expect(configuration.routes.map(\.guardMode) == [.observe, .off, .enforce, .off])
    #expect(configuration.routes.map(\.isMultiTenant) == [false, false, false, true])
    #expect(configuration.isolation.answerKeys.names == ["accountId"])
  }

  /// One wrong setting; where and what; what is allowed.
  struct Wrong: Sendable, CustomTestStringConvertible {
    let text: String
    let place: String
    let sentence: String

    init(_ text: String, _ place: String, _ sentence: String) {
      self.text = text
      self.place = place
      self.sentence = sentence
    }

    var testDescription: String { place }
  }

  static let wrong = [
    Wrong(
      "upstreams: { b: { url: \"http://a:1\" } }\nroutes:\n  - { path: /x, upstream: b, guard: block }",
      "3: routes[0].guard",
      "\"block\" is not allowed; write one of off, observe, enforce"),
    Wrong("guard: { keys: [] }", "1: guard.keys", "is a list of 1 to 16 names"),
    Wrong("guard: { keys: [\"tenant id\"] }", "1: guard.keys", "is a list of 1 to 16 names"),
    Wrong("guard: { key: [tid] }", "1: guard.key", "is not a setting; did you mean keys?"),
    Wrong(
      "server:\n  listen: \"127.0.0.1\"", "2: server.listen",
      "\"127.0.0.1\" is not allowed; write host:port, e.g. 127.0.0.1:4018"),
    Wrong("server:\n  lisen: \"127.0.0.1:1\"", "2: server.lisen", "is not a setting; did you mean listen?"),
    Wrong(
      "controls:\n\n  drainTimeout: soon", "3: controls.drainTimeout",
      "\"soon\" is not allowed; write a duration from 10ms to 10s"),
    Wrong(
      "controls: { approvals: maybe }", "1: controls.approvals",
      "\"maybe\" is not allowed; write one of required, off"),
    Wrong(
      "server: { headTimeout: 2d }", "1: server.headTimeout",
      "\"2d\" is not allowed; write a duration from 100ms to 5m"),
    Wrong(
      "routes:\n  - { path: api, upstream: x }", "2: routes[0].path",
      "\"api\" is not allowed; write a path that begins with /"),
    Wrong(
      "routes:\n  - { path: /api, upstream: nowhere }", "2: routes[0].upstream",
      "\"nowhere\" is not one of the upstreams: none are configured"),
    Wrong(
      "routes:\n  - { path: /a, upstream: b, roles: [boss] }\nupstreams: { b: { url: \"http://h:1\" } }",
      "2: routes[0].roles",
      "\"boss\" is not a role; write user, support, operator, admin, auditor, metrics, service"),
    Wrong(
      "upstreams: { b: { url: \"ftp://h\" } }", "1: upstreams.b.url",
      "\"ftp://h\" is not allowed; write http://host:port"),
    Wrong(
      "upstreams: { b: { urls: [\"http://h:1\", \"h:2\"] } }", "1: upstreams.b.urls",
      "\"h:2\" is not allowed; write http://host:port"),
    Wrong(
      "upstreams: { b: { urls: [\"http://h:1\", \"http://h:1/\"] } }", "1: upstreams.b.urls", "names one host twice"),
    Wrong(
      "upstreams: { b: { url: \"http://h:1\", urls: [\"http://h:2\"] } }", "1: upstreams.b.urls",
      "is given beside `url`; write one of the two"),
    Wrong("upstreams: { b: { urls: [] } }", "1: upstreams.b.urls", "names no host"),
    Wrong(
      "upstreams: { b: { url: \"http://h:1\", concurrency: { min: 50, max: 10 } } }", "1: upstreams.b.concurrency.max",
      "is below `min`, which is 50"),
    Wrong(
      "upstreams: { b: { url: \"http://h:1\", breaker: { failure: 3 } } }", "1: upstreams.b.breaker.failure",
      "is not a setting; did you mean failures?"),
    Wrong(
      "routes:\n  - { path: /a, upstream: b, class: urgent }\nupstreams: { b: { url: \"http://h:1\" } }",
      "2: routes[0].class",
      "\"urgent\" is not allowed; write one of expensive, read, write, trading, stream, admin, riskReducing"),
    Wrong(
      "limits: { classes: { control: { rate: 5/1s } } }", "1: limits.classes.control", "is not a setting"),
    Wrong(
      "limits:\n  tenant: { rate: many }", "2: limits.tenant.rate",
      "\"many\" is not allowed; write requests per duration, e.g. 600/1m"),
    Wrong(
      "upstreams: { b: { url: \"http://127.0.0.1:9\" } }\nroutes:\n  - { path: /ws, upstream: b, guard: enforce, websocket: true }",
      "3: routes[0].websocket", "cannot be with guard: enforce, which looks into no tunnel"),
    Wrong("server: []", "1: server", "is a mapping of settings"),
    Wrong(
      "server: { trustedProxies: [\"10.0.0.0/40\"] }", "1: server.trustedProxies",
      "\"10.0.0.0/40\" is not an address block; write e.g. 10.0.0.0/8 or fd00::/8"),
    Wrong("runtime:\n  profiles:\n    - { tenant: a, profile: b }", "3: runtime.profiles[0].user", "is missing"),
    Wrong("store: { engine: oracle }", "1: store.engine", "\"oracle\" is not allowed; write one of sqlite"),
  ]

  @Test(arguments: wrong)
  func `with something wrong says where, which key and what is allowed`(_ wrong: Wrong) {
    let found = problems(wrong.text)
    #expect(found.contains { $0.hasPrefix("breakwater.yaml:\(wrong.place): \(wrong.sentence)") }, "\(found)")
  }

  @Test func `that is not YAML says the line and column`() {
    let found = problems("server:\n  listen: [1\nauth: }\n")
    #expect(found.count == 1)
    #expect(found[0].contains(#/^breakwater\.yaml:\d+: column \d+: /#), "\(found)")
  }

  @Test func `reports every problem at once`() {
    #expect(problems("server: { listen: x, ops: y }\ndataDirectory: z\n").count == 3)
  }

  @Test func `gives way to the environment, and says so`() throws {
    let configuration = try load(
      "server: { listen: \"127.0.0.1:1\" }\n",
      ["BREAKWATER_SERVER_LISTEN": "127.0.0.1:2", "BREAKWATER_DATA_DIR": "/var/lib/x"])
    #expect(configuration.server.listen.port == 2)
    #expect(configuration.dataDir == "/var/lib/x")
    #expect(configuration.sources.contains { $0.key == "server.listen" && $0.source == "BREAKWATER_SERVER_LISTEN" })
    #expect(
      problems("", ["BREAKWATER_SERVER_OPS": "nope"]).first?.hasPrefix("environment: BREAKWATER_SERVER_OPS: ") == true)
  }

  @Test func `refuses one key given twice`() {
    #expect(problems("dataDir: a\ndataDir: b\n").isEmpty == false)
  }

  @Test func `with a pinned key needs no key set`() throws {
    let configuration = try load("", ["PLATFORM_JWT_PUBLIC_KEY": "-----BEGIN PUBLIC KEY-----"])
    #expect(configuration.auth.jwks == nil)
    #expect(configuration.auth.pinnedPEM != nil)
  }

  @Test func `accepts every section people write`() throws {
    let configuration = try load(
      """
      server:   { listen: "127.0.0.1:4018", ops: "127.0.0.1:4019", trustedProxies: [10.0.0.0/8] }
      dataDir:  ./data
      auth:
        issuer: "https://platform.example/"
        audience: "trading-backend"
        jwks: "http://127.0.0.1:4003/.well-known/jwks.json"
        tenantClaim: tenantId
        roleClaim: role
        tokenTypes: ["at+jwt", "JWT"]
        clockSkew: 30s
        maxLifetime: 24h
      upstreams:
        backend: { url: "http://127.0.0.1:9000", connectTimeout: 1s, firstByteTimeout: 10s, timeout: 30s }
      routes:
        - { path: "/api/v1/market", upstream: backend, roles: [user], class: read }
        - { path: "/api/v1/research", upstream: backend, roles: [user], class: expensive, cost: 5 }
      limits:
        tenant: { rate: 600/1m, burst: 100 }
        user:   { rate: 300/1m, burst: 50 }
        ip:     { rate: 1200/1m, burst: 200 }
      controls: { approvals: required, drainTimeout: 250ms, lease: 3s, reviewAfter: 30m }
      runtime:  { enabled: true, venue: paper, marketData: { speed: 60 }, loopInterval: 1s }
      alerting:
        rules: ["alerts/*.yml"]
        interval: 1s
        receivers: [ { name: page, webhook: "http://127.0.0.1:9095/hook" } ]
      store:    { engine: sqlite }
      platform: { url: "http://127.0.0.1:4003" }
      """)
    #expect(configuration.routes.map(\.cost) == [1, 5])
    #expect(configuration.alerting.receivers.map(\.name) == ["page"])
  }

  @Test func `names several hosts of an upstream and limits by class`() throws {
    let configuration = try load(
      """
      upstreams:
        backend:
          urls: ["http://10.0.0.1:9000", "http://[fd00::2]:9000/"]
          breaker: { failures: 7, openFor: 2s }
          ejection: { failures: 3, base: 10s }
          concurrency: { min: 40, max: 40 }
      routes: [ { path: /api/v1/orders, upstream: backend, class: trading, idempotencyKey: true } ]
      limits:
        classes: { expensive: { rate: 100/1s, burst: 20 } }
        tenant:
          rate: 600/1m
          classes: { expensive: { rate: 10/1s, burst: 2 } }
          overrides: { orchid: { rate: 6000/1m, classes: { expensive: { rate: 50/1s, burst: 10 } } } }
      """)
    let upstream = configuration.upstreams[0]
    #expect(upstream.hosts == [Upstream.Host("10.0.0.1", 9000), Upstream.Host("fd00::2", 9000)])
    #expect(upstream.breaker.failures == 7 && upstream.breaker.openFor == .seconds(2))
    #expect(upstream.ejection.failures == 3 && upstream.ejection.base == .seconds(10))
    #expect(upstream.concurrency.min == 40 && upstream.concurrency.max == 40)
    #expect(configuration.routes[0].honoursIdempotencyKey)
    let limits = configuration.limits
    #expect(limits.classes == [.expensive: RateLimit(quota: 100, windowSeconds: 1, burst: 20)])
    #expect(limits.tenantClasses[.expensive] == RateLimit(quota: 10, windowSeconds: 1, burst: 2))
    #expect(limits.tenantClasses[.riskReducing] == RateLimit(quota: 50, windowSeconds: 1, burst: 50))
    #expect(limits.tenantClassOverrides["orchid"]?[.expensive]?.quota == 50)
    #expect(limits.tenantOverrides["orchid"]?.quota == 6000)
    #expect(configuration.sources.contains { $0.key == "upstreams.backend.urls" })
  }

  @Test func `shows no webhook and no password, but that they changed`() throws {
    func shown(_ path: String) throws -> String {
      try load("alerting: { receivers: [ { name: page, webhook: \"https://hooks.test/\(path)\" } ] }\n").sources
        .map(\.value).joined(separator: " ")
    }
    #expect(try !shown("T0KEN").contains("T0KEN"))
    #expect(try shown("T0KEN") != shown("0THER"))
    #expect(try shown("T0KEN") == shown("T0KEN"))
    for text in [
      "upstreams: { backend: { url: \"http://ada:T0KEN@127.0.0.1:9\" } }\n",
      "upstreams: { backend: { urls: [\"http://ada:T0KEN@127.0.0.1:9\"] } }\n",
      "alerting: { receivers: [ { name: page, webhook: \"hooks.test/T0KEN\" } ] }\n",
    ] {
      let found = problems(text)
      #expect(!found.isEmpty)
      #expect(!found.joined().contains("T0KEN"), "\(found)")
    }
  }

  // MARK: Alerting

  @Test func `routes alerts as Alertmanager's file does, in either spelling`() throws {
    let text = """
      alerting:
        receivers:
          - { name: chat, slack: "http://127.0.0.1:1/s" }
          - { name: page, pagerduty: { routingKey: k }, fallback: chat }
        route:
          receiver: chat
          group_by: [alertname, tenant]
          groupWait: 5s
          repeat_interval: 1h
          routes:
            - { matchers: ['severity="critical"'], receiver: page, continue: true, mute_time_intervals: [nights] }
        inhibit_rules:
          - { source_matchers: [alertname=BackendDown], target_matchers: [severity=warning], equal: [upstream] }
        time_intervals:
          - name: nights
            time_intervals: [ { times: [ { start_time: "22:00", end_time: "24:00" } ], weekdays: ["monday:friday"], location: Europe/Berlin } ]
      """
    let alerting = try load(text).alerting
    #expect(alerting.receivers.map(\.kindName) == ["slack", "pagerduty"] && alerting.receivers[1].fallback == "chat")
    #expect(alerting.routing.receiverNames == ["chat", "page"])
    #expect(alerting.routing.root.groupBy == .labels(["alertname", "tenant"]))
    #expect(alerting.routing.root.groupWaitMilliseconds == 5000)
    #expect(alerting.routing.root.repeatIntervalMilliseconds == 3_600_000)
    #expect(alerting.routing.root.children.first?.continues == true)
    #expect(alerting.routing.inhibitions.first?.equal == ["upstream"])
    #expect(alerting.routing.intervals["nights"]?.count == 1)
  }

  @Test func `without routes tells every receiver but those that stand in for others`() throws {
    let alerting = try load(
      "alerting: { receivers: [ { name: a, webhook: \"http://h/1\", fallback: b }, { name: b, webhook: \"http://h/2\" } ] }"
    ).alerting
    #expect(alerting.routing.root.receivers == ["a"])
  }

  @Test(arguments: [
    ("route: { receiver: nobody }", "4: alerting.route.receiver", "write one of the receivers: a"),
    ("route: { group_by: [x] }", "4: alerting.route.receiver", "is missing"),
    (
      "route: { receiver: a, routes: [ { matchers: ['x'] } ] }", "4: alerting.route.routes[0].matchers",
      "has no operator"
    ),
    (
      "route: { receiver: a, routes: [ { receivr: a } ] }", "4: alerting.route.routes[0].receivr",
      "did you mean receiver?"
    ),
    (
      "route: { receiver: a, routes: [ { activeTimeIntervals: [n] } ] }",
      "4: alerting.route.routes[0].activeTimeIntervals", "is not one of the timeIntervals"
    ),
    ("route: { receiver: a, groupWait: soon }", "4: alerting.route.groupWait", "is not allowed; write a duration"),
    ("inhibitRules: [ { sourceMatchers: [a=b] } ]", "4: alerting.inhibitRules[0].targetMatchers", "is missing"),
    (
      "timeIntervals: [ { name: n, intervals: [ { weekdays: [x] } ] } ]",
      "4: alerting.timeIntervals[0].intervals[0].weekdays", "is not a weekday"
    ),
  ])
  func `names file and line of a wrong route`(line: String, place: String, words: String) {
    let found = problems("alerting:\n  receivers:\n    - { name: a, webhook: \"http://h/\" }\n  \(line)")
    #expect(found.contains { $0.hasPrefix("breakwater.yaml:\(place)") && $0.contains(words) }, "\(found)")
  }

  @Test(arguments: [
    ("{ name: a }", "names exactly one of"), ("{ name: a, webhook: ftp://x }", "is not allowed"),
    ("{ name: a, webhook: \"http://x\", slack: \"http://y\" }", "names exactly one of"),
    ("{ name: a, pagerduty: { url: \"http://x\" } }", "routingKey: is missing"),
    ("{ name: a, email: { smtp: \"h:25\", from: \"a b@c\", to: [x@y] } }", "is not allowed"),
    ("{ name: a, email: { smtp: \"h:25\", from: a@c, to: [\"x@y\\r\\nRCPT\"] } }", "1 to 50 mail addresses"),
    ("{ name: a, webhook: \"http://x\", fallback: b }", "is not another receiver"),
  ])
  func `names what is wrong with a receiver`(receiver: String, words: String) {
    let found = problems("alerting:\n  receivers:\n    - \(receiver)")
    #expect(found.contains { $0.contains(words) }, "\(found)")
  }

  @Test func `shows no secret of a receiver`() throws {
    let text = """
      alerting:
        receivers:
          - { name: a, slack: "https://hooks.example/T0/secret" }
          - { name: b, pagerduty: { routingKey: r0utingsecret } }
          - { name: c, email: { smtp: "h:25", from: a@b, to: [c@d], username: u, password: hunter2 } }
      """
    let shown = try load(text).sources.map(\.value).joined(separator: " ")
    #expect(!shown.contains("secret") || !shown.contains("T0/secret"))
    #expect(!shown.contains("r0utingsecret") && !shown.contains("hunter2") && !shown.contains("T0/"))
  }
}
