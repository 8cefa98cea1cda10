/// A backend the gateway forwards to: one or more hosts that answer alike.
package struct Upstream: Sendable, Equatable {
  package struct Host: Sendable, Hashable {
    package let name: String
    package let port: Int

    package init(_ name: String, _ port: Int) {
      self.name = name
      self.port = port
    }

    /// `name:port`, an IPv6 address in brackets.
    package var text: String { name.contains(":") ? "[\(name)]:\(port)" : "\(name):\(port)" }
  }

  /// Hosts of one upstream.
  package static let hostsMax = 32

  package let name: String
  /// At least one, at most `hostsMax`.
  package let hosts: [Host]
  package var connectTimeout: Duration = .seconds(1)
  /// From the end of the request until the answer begins.
  package var firstByteTimeout: Duration = .seconds(10)
  /// From the end of the request until the answer ends.
  package var timeout: Duration = .seconds(30)
  /// How long an unused connection is kept for the next request.
  package var idleTimeout: Duration = .seconds(30)
  /// Connections per event loop and host; one more request is refused with `overload.shed`.
  package var connectionsMax = 1024
  /// Pass the caller's token on. Off by default: the upstream gets the verified identity instead.
  package var forwardsAuthorization = false
  package var breaker = BreakerSettings()
  package var ejection = EjectionSettings()
  package var concurrency = ConcurrencySettings()

  /// Precondition: there is a host.
  package init(name: String, hosts: [Host]) {
    precondition(!hosts.isEmpty && hosts.count <= Self.hostsMax, "an upstream has 1 to \(Self.hostsMax) hosts")
    self.name = name
    self.hosts = hosts
  }

  package init(name: String, host: String, port: Int) {
    self.init(name: name, hosts: [Host(host, port)])
  }
}

/// When an upstream that fails is left alone, and for how long.
package struct BreakerSettings: Sendable, Equatable {
  /// Requests in a row that fail before the circuit opens.
  package var failures = 5
  /// Longest time from opening until one request tries again; the first is a twentieth of it.
  package var openFor: Duration = .seconds(5)

  package init() {}
}

/// When one host of several is passed over, and for how long.
package struct EjectionSettings: Sendable, Equatable {
  /// Failures or 5xx answers in a row before a host is ejected.
  package var failures = 5
  /// How long, times how often it has been ejected lately.
  package var base: Duration = .seconds(30)

  package init() {}
}

/// Between which bounds the limit of requests in flight moves; equal bounds fix it.
package struct ConcurrencySettings: Sendable, Equatable {
  package var min = 20
  package var max = 1000

  package init() {}
}
