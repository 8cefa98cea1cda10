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
    DevelopmentKeys(environment).apply(to: &configuration, reader)
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
    return Configuration(
      server: server(top.section("server")), dataDir: top.string("dataDir", default: "./data"),
      sharedStore: store(top.section("store")), auditWitness: audit(top.section("audit")),
      replica: top.read("replica", default: defaultReplica, allowed: "a name of letters, digits, `.`, `_`, `-`") {
        ReplicaID($0)
      },
      auth: auth(top.section("auth"), environment, platform: platform), upstreams: upstreams(top.section("upstreams")),
      routes: routes(top), limits: limits(top.section("limits")), isolation: isolation(top.section("guard")),
      controls: controls(top.section("controls")),
      runtime: runtime(top.section("runtime")), alerting: alerting(top.section("alerting")),
      metrics: metrics(top.section("metrics")),
      logsToStdout: logs(top.section("logs")), environmentName: top.string("environment", default: "paper"),
      sources: [], warnings: [])
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

  /// Control state lives in SQLite: in the data directory, or in a folder that replicas of one machine share.
  private static func store(_ section: SettingsSection) -> String? {
    section.choice("engine", default: (), [("sqlite", ())])
    let path = section.optional("path", allowed: "a folder on a disk of this machine") { $0.isEmpty ? nil : $0 }
    section.finish()
    return path
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
    settings.inFlightMax = section.integer("inFlightMax", default: settings.inFlightMax, in: 8...100_000)
    settings.headTimeout = section.duration(
      "headTimeout", default: settings.headTimeout, in: .milliseconds(100)...(.seconds(300)))
    settings.bodyTimeout = section.duration(
      "bodyTimeout", default: settings.bodyTimeout, in: .milliseconds(100)...(.seconds(3600)))
    settings.idleTimeout = section.duration(
      "idleTimeout", default: settings.idleTimeout, in: .milliseconds(100)...(.seconds(3600)))
    settings.tunnelIdleTimeout = section.duration(
      "tunnelIdleTimeout", default: settings.tunnelIdleTimeout, in: .seconds(1)...(.seconds(86_400)))
    settings.tunnelsMax = section.integer("tunnelsMax", default: settings.tunnelsMax, in: 0...1_000_000)
    settings.tunnelsPerTenantMax = section.integer(
      "tunnelsPerTenantMax", default: settings.tunnelsPerTenantMax, in: 1...1_000_000)
    settings.drainDelay = section.duration(
      "drainDelay", default: settings.drainDelay, in: .zero ... .seconds(600))
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
      tls: tls(section.section("tls")), dataPlane: settings)
    section.finish()
    return server
  }

  /// `{ certificate, key }`: both, or neither.
  private static func tls(_ section: SettingsSection) -> Configuration.TLSFiles? {
    let certificate = section.optional("certificate", allowed: "a PEM file") { $0.isEmpty ? nil : $0 }
    let key = section.optional("key", allowed: "a PEM file") { $0.isEmpty ? nil : $0 }
    section.finish()
    switch (certificate, key) {
    case (let certificate?, let key?): return Configuration.TLSFiles(certificate: certificate, key: key)
    case (nil, nil): break
    case (nil, _?): section.reader.problem(section.node, section.full("certificate"), "is missing beside the key")
    case (_?, nil): section.reader.problem(section.node, section.full("key"), "is missing beside the certificate")
    }
    return nil
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
      let allowsWebSocket = webSocket(one, guardMode)
      let honoursKey = one.flag("idempotencyKey", default: false)
      if path == nil, one.value("path") == nil { one.reader.problem(one.node, one.full("path"), "is missing") }
      if upstream.isEmpty { one.reader.problem(one.node, one.full("upstream"), "is missing") }
      one.finish()
      return path.map {
        Configuration.RouteSetting(
          path: $0, upstream: upstream, roles: roles, trafficClass: trafficClass, cost: cost,
          guardMode: guardMode, isMultiTenant: isMultiTenant, allowsWebSocket: allowsWebSocket,
          honoursIdempotencyKey: honoursKey)
      }
    }
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
