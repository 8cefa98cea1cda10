package import Alerting
package import ControlModel
package import ControlPlane
package import DataPlane
package import Identity
package import Strategy
package import TradingRuntime

/// Everything the process is told, checked as a whole. Only `ConfigurationLoader` makes one, so holding it means that every
/// setting is known, typed and within bounds.
package struct Configuration: Sendable {
  package struct Address: Sendable, Equatable, CustomStringConvertible {
    package let host: String
    package let port: Int

    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
    package var isLoopback: Bool { host == "127.0.0.1" || host == "::1" || host == "localhost" }
  }

  /// PEM files of the public listener.
  package struct TLSFiles: Sendable, Equatable {
    package let certificate: String
    package let key: String
  }

  package struct Server: Sendable {
    package var listen: Address
    package var ops: Address
    /// Event loops of the public listener; nil is one per core.
    package var loops: Int?
    /// Nil speaks plain HTTP.
    package var tls: TLSFiles?
    package var dataPlane: DataPlaneSettings
  }

  package struct Auth: Sendable {
    package enum Keys: Sendable, Equatable {
      case url(String)
      case file(String)
    }

    package var policy: TokenPolicy
    package var jwks: Keys?
    /// PEM text of `PLATFORM_JWT_PUBLIC_KEY`.
    package var pinnedPEM: String?
    /// The bytes of `JWT_SECRET` while development keys are in force; then there are no others.
    package var developmentSecret: [UInt8]?
  }

  package struct RouteSetting: Sendable, Equatable {
    package var path: String
    package var upstream: String
    package var roles: Set<Role>
    package var trafficClass: TrafficClass
    package var cost: Int
    package var guardMode: GuardMode
    package var isMultiTenant: Bool
    package var allowsWebSocket: Bool
    package var honoursIdempotencyKey: Bool
  }

  package struct Runtime: Sendable {
    package var isEnabled: Bool
    /// A CSV of one symbol, or a folder of `<SYMBOL>.csv`; nil plays the bars in the binary.
    package var replay: String?
    /// Bars played per minute.
    package var speed: Double
    package var loopInterval: Duration
    package var venue: VenueID
    /// When the venue's market is open.
    package var hours: MarketCalendar
    package var profiles: [Profile]
  }

  package struct Alerting: Sendable {
    /// Rule files, or patterns with `*`; empty uses the rules in the binary.
    package var rules: [String]
    /// A folder of runbooks; nil uses those in the binary.
    package var runbooks: String?
    package var interval: Duration
    /// Where people reach the console, for links in messages; nil is the public listener.
    package var externalURL: String?
    package var receivers: [Receiver]
    package var routing: RoutingTree
  }

  package struct Metrics: Sendable {
    /// How long samples are kept on disk.
    package var retention: Duration
    /// Answer queries as Prometheus 2.42 does rather than as 3.x.
    package var followsPrometheus2: Bool
    /// Where every sample is sent on to.
    package var remoteWrite: [RemoteWriteReceiver]
  }

  package struct RemoteWriteReceiver: Sendable, Equatable {
    /// The `receiver` label of its metrics.
    package let name: String
    package let url: String
  }

  package struct Controls: Sendable {
    package var requiresApproval: Bool
    package var drainTimeout: Duration
    package var reviewAfter: Duration
    /// How a release opens when its request does not say; nil at once.
    package var stages: ReleaseStages?
    package var breakGlassPerDay: Int
    package var approvers: [String]
    package var flatten: FlattenLimits
    /// Bounds of what rules may do by themselves.
    package var automatic: AutomaticGuard.Policy
    /// The file of backtests that let rules act by themselves; nil has none.
    package var backtests: String?
    /// How long a gate may trade without hearing from the control store.
    package var lease: Duration
  }

  package var server: Server
  package var dataDir: String
  /// A folder with the control store of several replicas of one machine; nil keeps it in `dataDir`, for this process alone.
  package var sharedStore: String?
  /// A file elsewhere that is given every checkpoint of the audit log; nil keeps none.
  package var auditWitness: String?
  package var replica: ReplicaID
  package var auth: Auth
  package var upstreams: [Upstream]
  package var routes: [RouteSetting]
  package var limits: RatePolicies
  package var isolation: IsolationPolicy
  package var controls: Controls
  package var runtime: Runtime
  package var alerting: Alerting
  package var metrics: Metrics
  /// Copy log lines to standard output as well.
  package var logsToStdout: Bool
  package var environmentName: String
  /// Where people and alerts find the public listener.
  package var publicURL: String { "\(server.tls == nil ? "http" : "https")://\(server.listen)" }
  /// Where each setting that is not a default came from, for the lines printed at start.
  package var sources: [SettingSource]
  /// What works and deserves a second look, e.g. development keys.
  package var warnings: [ConfigurationProblem]
}

/// One setting that was given, and where.
package struct SettingSource: Sendable, Equatable {
  package let key: String
  package let value: String
  /// `file:line` or the environment variable's name.
  package let source: String
}

/// One thing wrong with the configuration: where, which key, and what is allowed.
package struct ConfigurationProblem: Error, Sendable, Equatable, CustomStringConvertible {
  package let file: String
  package let line: Int?
  package let key: String
  package let message: String

  package var description: String {
    let place = line.map { "\(file):\($0)" } ?? file
    return key.isEmpty ? "\(place): \(message)" : "\(place): \(key): \(message)"
  }
}

/// Everything wrong with the configuration at once.
package struct ConfigurationProblems: Error, Sendable, CustomStringConvertible {
  package let problems: [ConfigurationProblem]

  package var description: String { problems.map(\.description).joined(separator: "\n") }
}
