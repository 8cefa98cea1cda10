import AsyncHTTPClient
import ControlModel
import DataPlane
import Foundation
import Identity
import NIOCore
import NIOHTTP1
import ServiceLifecycle
import Store
import Telemetry

/// Runs a demo: backend, gateway, some traffic, one incident; says on the terminal what to try.
package struct DemoRun: Sendable {
  package struct Options: Sendable {
    package var folder = DemoInstallation.defaultFolder
    package var incident = DemoIncident.rejectStorm
    /// Bars played per minute.
    package var speed = 120.0
    package var listen = "127.0.0.1:4018"
    package var ops = "127.0.0.1:4019"

    package init() {}
  }

  private let options: Options

  package init(_ options: Options) {
    self.options = options
  }

  package func run() async throws {
    var random = SystemRandomNumberGenerator()
    let installation = try DemoInstallation(options.folder, random: &random)
    let bars = try Material(ConfigurationLoader.load("", file: "defaults", environment: [:])).bars
    let backend = try await DemoBackend.start(bars: bars, jwks: installation.signer.jwks, pages: DemoTerminal.page)
    let file = try installation.writeConfiguration(
      listen: options.listen, ops: options.ops, backendPort: backend.port, speed: options.speed)
    let source = ConfigurationFile(file, environment: [:])
    let configuration = try source.load()

    let now = SystemSources.clocks.now
    let keys = Dictionary(
      uniqueKeysWithValues: try [DemoPeople.admin, DemoPeople.secondAdmin].map { person in
        (
          Hex.text(SystemSources.secret().prefix(12)),
          (person: person, token: try installation.token(.admin, subject: person, at: now))
        )
      })
    var assemblyOptions = Assembly.Options()
    assemblyOptions.file = source
    assemblyOptions.consoleKeys = keys.mapValues(\.token)
    assemblyOptions.keyRefresh.softTTL = .seconds(15)
    let assembly = try Assembly(configuration, try Material(configuration), options: assemblyOptions)
    let links = Dictionary(uniqueKeysWithValues: keys.map { ($0.value.person, $0.key) })
    let tenantTokens = try DemoConfiguration.tenants.compactMap { name in
      try TenantID(name).map { try installation.token(.user, subject: "trader.\(name)", tenant: $0, at: now) }
    }
    let incident = options.incident
    // Both end with the process: they work for the demo as long as it runs, and are cancelled when it stops.
    let background = Task {
      await withTaskGroup(of: Void.self) { group in
        group.addTask { await DemoTraffic(base: "http://\(configuration.server.listen)", tokens: tenantTokens).run() }
        group.addTask {
          await SystemSources.sleep(DemoIncident.delay)
          guard !Task.isCancelled, incident != .none else { return }
          DemoTerminal.say("\n  incident     \(incident.sentence)")
          await incident.begin(assembly, backend)
        }
      }
    }
    defer { background.cancel() }
    try await assembly.run { listener, ops in
      DemoTerminal.banner(
        console: "http://127.0.0.1:\(listener.address.port ?? 0)", opsPort: ops.address.port ?? 0, links: links,
        folder: options.folder, incident: incident)
    }
    await backend.stop()
    DemoTerminal.say("  stopped      everything is on disk in \(options.folder); the next start goes on from here")
  }
}

/// A few requests a second as the tenants' own apps would send them.
private struct DemoTraffic {
  let base: String
  let tokens: [String]

  func run() async {
    let client = HTTPClient(eventLoopGroupProvider: .singleton)
    let paths = [
      "/api/v1/market/bars?symbol=AAPL&limit=5", "/api/v1/trading/status", "/api/v1/positions",
      "/api/v1/market/symbols",
    ]
    var turn = 0
    await SystemSources.sleep(.seconds(1))
    while !Task.isCancelled {
      turn += 1
      var request = HTTPClientRequest(url: base + paths[turn % paths.count])
      request.headers.add(name: "Authorization", value: "Bearer \(tokens[turn % tokens.count])")
      if let response = try? await client.execute(request, timeout: .seconds(2)) {
        _ = try? await response.body.collect(upTo: 1024 * 1024)
      }
      await SystemSources.sleep(.milliseconds(400))
    }
    try? await client.shutdown()
  }
}

/// What the demo says on the terminal.
private enum DemoTerminal {
  static func say(_ text: String) {
    StandardOutput.write(Array((text + "\n").utf8))
  }

  static func banner(
    console: String, opsPort: Int, links: [String: String], folder: String, incident: DemoIncident
  ) {
    let binary = CommandLine.arguments.first ?? "breakwater"
    let server = opsPort == 4019 ? "" : "export BREAKWATER_SERVER=http://127.0.0.1:\(opsPort)\n               "
    func link(_ person: String) -> String { "\(console)/?k=\(links[person] ?? "")" }
    say(
      """

        Breakwater demo: 14 tenants, 61 profiles, recorded daily bars of AAPL, GOOG, IBM and MSFT on a paper venue.

        console      \(link(DemoPeople.admin))
                     you are \(DemoPeople.admin), admin; the second admin \(DemoPeople.secondAdmin) signs in (other browser or private window) at
                     \(link(DemoPeople.secondAdmin))

        try in another terminal
                     \(server)export BREAKWATER_TOKEN=$(\(binary) token sign --role admin --sub \(DemoPeople.admin) --data \(folder))
                     \(binary) status
                     \(binary) halt --all --reason "Drill: venue rejects orders"

        incident     \(incident == .none ? "none" : "\(incident.rawValue), in 20 s")
        stop         Ctrl-C
      """)
  }

  /// A webhook arrived: what the pager would show.
  @Sendable static func page(_ body: [UInt8]) {
    struct Payload: Decodable {
      struct Alert: Decodable {
        let status: String
        let labels: [String: String]
        let annotations: [String: String]
      }

      let alerts: [Alert]
    }
    guard let payload = try? JSONDecoder().decode(Payload.self, from: Data(body)) else { return }
    for alert in payload.alerts {
      let name = alert.labels["alertname"] ?? "alert"
      say(
        "  page         \(alert.status.uppercased()) \(alert.labels["severity"] ?? "") \(name): \(alert.annotations["summary"] ?? "")"
      )
    }
  }
}
