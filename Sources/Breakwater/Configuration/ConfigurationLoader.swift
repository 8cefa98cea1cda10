import Alerting
import ControlModel
import DataPlane
import Identity
import Strategy
import TradingRuntime
import Venues
import Yams

/// Turns a YAML file and the environment into a `Configuration`, or into everything that is wrong with it.
package enum ConfigurationLoader {
  /// Largest configuration file read.
  package static let bytesMax = 1024 * 1024

  /// - Parameters:
  ///   - text: the file's content; empty takes every default.
  ///   - file: its name, for messages.
  package static func load(
    _ text: String, file: String, environment: [String: String]
  ) throws(ConfigurationProblems) -> Configuration {
    let root: Node?
    do {
      root = try Yams.compose(yaml: text)
    } catch let error as YamlError {
      throw ConfigurationProblems(problems: [syntax(error, file)])
    } catch {
      throw ConfigurationProblems(
        problems: [ConfigurationProblem(file: file, line: nil, key: "", message: "cannot be read as YAML")])
    }
    let reader = SettingsReader(file: file, environment: environment)
    let top = SettingsSection(reader, path: "", node: root)
    var configuration = configuration(top, environment)
    top.finish()
    check(configuration, top)
    guard reader.problems.isEmpty else { throw ConfigurationProblems(problems: reader.problems) }
    configuration.sources = reader.sources
    return configuration
  }

  private static func syntax(_ error: YamlError, _ file: String) -> ConfigurationProblem {
    switch error {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      ConfigurationProblem(file: file, line: mark.line, key: "", message: "column \(mark.column): \(problem)")
    default: ConfigurationProblem(file: file, line: nil, key: "", message: "is not valid YAML")
    }
  }

  private static func configuration(_ top: SettingsSection, _ environment: [String: String]) -> Configuration {
    let platform = platform(top.section("platform"), environment)
    store(top.section("store"))
    return Configuration(
      server: server(top.section("server")), dataDir: top.string("dataDir", default: "./data"),
      auditWitness: audit(top.section("audit")),
      replica: top.read("replica", default: defaultReplica, allowed: "a name of letters, digits, `.`, `_`, `-`") {
        ReplicaID($0)
      },
      auth: auth(top.section("auth"), environment, platform: platform), upstreams: upstreams(top.section("upstreams")),
      routes: routes(top), limits: limits(top.section("limits")), isolation: isolation(top.section("guard")),
      controls: controls(top.section("controls")),
      runtime: runtime(top.section("runtime")), alerting: alerting(top.section("alerting")),
      logsToStdout: logs(top.section("logs")), environmentName: top.string("environment", default: "paper"),
      sources: [])
  }

  /// The platform service; its key set is used unless `auth.jwks` names another.
  private static func platform(_ section: SettingsSection, _ environment: [String: String]) -> String {
    let fallback = environment["PLATFORM_API_URL"] ?? "http://127.0.0.1:4003"
    let url = section.read("url", default: fallback, allowed: "an http(s) URL") {
      $0.hasPrefix("http://") || $0.hasPrefix("https://") ? $0 : nil
    }
    section.finish()
    return url
  }

  /// Control state lives in SQLite, in the data directory.
  private static func store(_ section: SettingsSection) {
    section.choice("engine", default: (), [("sqlite", ())])
    section.finish()
  }

  private static func audit(_ section: SettingsSection) -> String? {
    let witness = section.optional("witness", allowed: "a file path") { $0.isEmpty ? nil : $0 }
    section.finish()
    return witness
  }

  private static var defaultReplica: ReplicaID {
    guard let replica = ReplicaID("r1") else { preconditionFailure("r1 is an id") }
    return replica
  }

  private static func server(_ section: SettingsSection) -> Configuration.Server {
    var settings = DataPlaneSettings()
    settings.bodyBytesMax = section.integer("bodyBytesMax", default: settings.bodyBytesMax, in: 1024...1_073_741_824)
    settings.connectionsMax = section.integer("connectionsMax", default: settings.connectionsMax, in: 1...1_000_000)
    settings.connectionsPerPeerMax = section.integer(
      "connectionsPerPeerMax", default: settings.connectionsPerPeerMax, in: 1...1_000_000)
    settings.headTimeout = section.duration(
      "headTimeout", default: settings.headTimeout, in: .milliseconds(100)...(.seconds(300)))
    settings.bodyTimeout = section.duration(
      "bodyTimeout", default: settings.bodyTimeout, in: .milliseconds(100)...(.seconds(3600)))
    settings.idleTimeout = section.duration(
      "idleTimeout", default: settings.idleTimeout, in: .milliseconds(100)...(.seconds(3600)))
    settings.drainTimeout = section.duration(
      "drainTimeout", default: settings.drainTimeout, in: .zero ... .seconds(600))
    let proxies = section.strings("trustedProxies", default: []).compactMap { text -> AddressBlock? in
      let block = AddressBlock(text)
      if block == nil {
        section.reader.problem(
          section.value("trustedProxies"), section.full("trustedProxies"),
          "\"\(text)\" is not an address block; write e.g. 10.0.0.0/8 or fd00::/8")
      }
      return block
    }
    settings.trustedProxies = proxies
    let server = Configuration.Server(
      listen: address(section, "listen", Configuration.Address(host: "127.0.0.1", port: 4018)),
      ops: address(section, "ops", Configuration.Address(host: "127.0.0.1", port: 4019)),
      loops: section.optional("loops", allowed: "1 to 256") { Int($0).flatMap { (1...256).contains($0) ? $0 : nil } },
      dataPlane: settings)
    section.finish()
    return server
  }

  private static func address(
    _ section: SettingsSection, _ key: String, _ fallback: Configuration.Address
  ) -> Configuration.Address {
    section.read(key, default: fallback, allowed: "host:port, e.g. 127.0.0.1:4018") { text in
      guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
        (0...65_535).contains(port)
      else { return nil }
      var host = String(text[..<colon])
      if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
      return host.isEmpty ? nil : Configuration.Address(host: host, port: port)
    }
  }

  private static func auth(
    _ section: SettingsSection, _ environment: [String: String], platform: String
  ) -> Configuration.Auth {
    var policy = TokenPolicy(
      issuer: section.string("issuer", default: "https://platform.example/"),
      audience: section.string("audience", default: "trading-backend"))
    policy.tenantClaim = section.string("tenantClaim", default: "tenantId")
    policy.roleClaim = section.string("roleClaim", default: "role")
    policy.tokenTypes = section.strings("tokenTypes", default: policy.tokenTypes)
    policy.clockSkewSeconds = Int64(
      section.duration("clockSkew", default: .seconds(30), in: .zero ... .seconds(TokenPolicy.clockSkewSecondsMax))
        / .seconds(1))
    policy.lifetimeSecondsMax = Int64(
      section.duration("maxLifetime", default: .seconds(86_400), in: .seconds(1)...(.seconds(31_536_000))) / .seconds(1)
    )
    let jwks = section.optional("jwks", allowed: "an http(s) URL or a file path") { text -> Configuration.Auth.Keys? in
      if text.hasPrefix("http://") || text.hasPrefix("https://") { return .url(text) }
      return text.contains("://") || text.isEmpty ? nil : .file(text)
    }
    for problem in policy.problems { section.reader.problem(section.node, problem.field, problem.problem) }
    section.finish()
    let pem = environment["PLATFORM_JWT_PUBLIC_KEY"]
    // A pinned key is enough; without one the platform's key set is.
    let trimmed = platform.hasSuffix("/") ? String(platform.dropLast()) : platform
    let keys = jwks ?? (pem == nil ? .url(trimmed + "/.well-known/jwks.json") : nil)
    return Configuration.Auth(policy: policy, jwks: keys, pinnedPEM: pem)
  }

  private static func upstreams(_ section: SettingsSection) -> [Upstream] {
    let upstreams = section.names.compactMap { name -> Upstream? in
      let one = section.section(name)
      let origin = one.optional("url", allowed: "http://host:port", Self.origin)
      guard let origin else {
        if one.value("url") == nil {
          one.reader.problem(one.node, one.full("url"), "is missing; write http://host:port")
        }
        return nil
      }
      var upstream = Upstream(name: name, host: origin.host, port: origin.port)
      upstream.connectTimeout = one.duration(
        "connectTimeout", default: upstream.connectTimeout, in: .milliseconds(10)...(.seconds(60)))
      upstream.firstByteTimeout = one.duration(
        "firstByteTimeout", default: upstream.firstByteTimeout, in: .milliseconds(10)...(.seconds(600)))
      upstream.timeout = one.duration("timeout", default: upstream.timeout, in: .milliseconds(10)...(.seconds(3600)))
      upstream.forwardsAuthorization = one.flag("forwardAuthorization", default: false)
      one.finish()
      return upstream
    }
    section.finish()
    return upstreams
  }

  private static func origin(_ text: String) -> (host: String, port: Int)? {
    guard text.hasPrefix("http://") else { return nil }
    var rest = text.dropFirst(7)
    if rest.hasSuffix("/") { rest = rest.dropLast() }
    guard !rest.contains("/"), !rest.contains("@") else { return nil }
    guard let colon = rest.lastIndex(of: ":"), !rest.hasSuffix("]") else {
      return rest.isEmpty ? nil : (String(rest), 80)
    }
    guard let port = Int(rest[rest.index(after: colon)...]), (1...65_535).contains(port) else { return nil }
    var host = String(rest[..<colon])
    if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
    return host.isEmpty ? nil : (host, port)
  }

  private static func routes(_ top: SettingsSection) -> [Configuration.RouteSetting] {
    top.sections("routes").compactMap { one in
      let path = one.optional("path", allowed: "a path that begins with /") { $0.hasPrefix("/") ? $0 : nil }
      let upstream = one.string("upstream", default: "")
      let names = one.strings("roles", default: ["user"])
      var roles: Set<Role> = []
      for name in names {
        if let role = Role(rawValue: name) {
          roles.insert(role)
        } else {
          one.reader.problem(
            one.value("roles"), one.full("roles"),
            "\"\(name)\" is not a role; write \(Role.allCases.map(\.rawValue).joined(separator: ", "))")
        }
      }
      let trafficClass = one.choice(
        "class", default: TrafficClass.read, TrafficClass.allCases.filter { $0 != .control }.map { ($0.rawValue, $0) })
      let cost = one.integer("cost", default: 1, in: 1...1000)
      let (guardMode, isMultiTenant) = guarding(one, roles)
      if path == nil, one.value("path") == nil { one.reader.problem(one.node, one.full("path"), "is missing") }
      if upstream.isEmpty { one.reader.problem(one.node, one.full("upstream"), "is missing") }
      one.finish()
      return path.map {
        Configuration.RouteSetting(
          path: $0, upstream: upstream, roles: roles, trafficClass: trafficClass, cost: cost,
          guardMode: guardMode, isMultiTenant: isMultiTenant)
      }
    }
  }

  private static func limits(_ section: SettingsSection) -> RatePolicies {
    var policies = RatePolicies(
      ip: rate(section.section("ip"), RateLimit(quota: 1200, windowSeconds: 60, burst: 200)),
      tenant: RateLimit(quota: 600, windowSeconds: 60, burst: 100),
      user: rate(section.section("user"), RateLimit(quota: 300, windowSeconds: 60, burst: 50)))
    let tenant = section.section("tenant")
    let overrides = tenant.section("overrides")
    for name in overrides.names { policies.tenantOverrides[name] = rate(overrides.section(name), policies.tenant) }
    policies.tenant = rate(tenant, policies.tenant)
    section.finish()
    return policies
  }

  /// `{ rate: 600/1m, burst: 100 }`
  private static func rate(_ section: SettingsSection, _ fallback: RateLimit) -> RateLimit {
    let rate = section.read(
      "rate", default: (fallback.quota, fallback.windowSeconds), allowed: "requests per duration, e.g. 600/1m"
    ) { text -> (Int, Int)? in
      let parts = text.split(separator: "/")
      guard parts.count == 2, let quota = Int(parts[0]), (1...100_000_000).contains(quota),
        let window = DurationSetting.milliseconds(String(parts[1])), window >= 1000, window <= 86_400_000
      else { return nil }
      return (quota, Int(window / 1000))
    }
    let burst = section.integer("burst", default: fallback.burst, in: 1...10_000_000)
    section.finish()
    return RateLimit(quota: rate.0, windowSeconds: rate.1, burst: burst)
  }

  private static func controls(_ section: SettingsSection) -> Configuration.Controls {
    // Bounds how long a gate may act without hearing from a shared store; the embedded store is always in reach.
    _ = section.duration("lease", default: .seconds(3), in: .seconds(1)...(.seconds(30)))
    let controls = Configuration.Controls(
      requiresApproval: section.choice("approvals", default: true, [("required", true), ("off", false)]),
      drainTimeout: section.duration(
        "drainTimeout", default: .milliseconds(250), in: .milliseconds(10)...(.seconds(10))),
      reviewAfter: section.duration("reviewAfter", default: .seconds(1800), in: .seconds(60)...(.seconds(604_800))))
    section.finish()
    return controls
  }

  private static func logs(_ section: SettingsSection) -> Bool {
    let toStdout = section.flag("stdout", default: true)
    section.finish()
    return toStdout
  }

  /// What no single setting can be wrong about.
  private static func check(_ configuration: Configuration, _ top: SettingsSection) {
    let reader = top.reader
    let names = Set(configuration.upstreams.map(\.name))
    for (index, route) in configuration.routes.enumerated()
    where !names.contains(route.upstream) && !route.upstream.isEmpty {
      let known = names.isEmpty ? "none are configured" : names.sorted().joined(separator: ", ")
      let node = top.value("routes")?.sequence?[index]
      reader.problem(node, "routes[\(index)].upstream", "\"\(route.upstream)\" is not one of the upstreams: \(known)")
    }
    let symbols = Set(configuration.runtime.profiles.map(\.account))
    if symbols.count != configuration.runtime.profiles.count {
      reader.problem(nil, "runtime.profiles", "names one profile twice within a tenant")
    }
  }
}
