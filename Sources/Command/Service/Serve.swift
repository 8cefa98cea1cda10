import ArgumentParser
import Breakwater
import ControlModel
import DataPlane
import Foundation
import Store
import Telemetry

enum BuildText {
  static let version = BuildVersion.text
}

/// `breakwater serve`
struct Serve: AsyncParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Run the service.")

  @Option(help: "Configuration file.")
  var config = "breakwater.yaml"

  @Option(help: "Whose semantics queries of the Prometheus API follow: 3 or 2.42. Overrides metrics.promqlCompat.")
  var promqlCompat: String?

  func run() async throws {
    try await finish {
      // A flag is the last word on a setting, read and checked as its environment variable is.
      if let promqlCompat { setenv("BREAKWATER_METRICS_PROMQL_COMPAT", promqlCompat, 1) }
      let configuration = try Settings.load(config)
      let material = try Settings.material(configuration)
      Settings.note(configuration, material, indent: "  ")
      for source in configuration.sources where !source.key.contains("profiles[") {
        Terminal.note("  \(source.key) = \(source.value)   (\(source.source))")
      }
      try await Start.run {
        var options = Assembly.Options()
        options.file = ConfigurationFile(config)
        options.sockets = InheritedSockets(
          environment: ProcessInfo.processInfo.environment, process: ProcessInfo.processInfo.processIdentifier)
        options.failpoint = try FailpointSwitch.armed()
        try await Assembly(configuration, material, options: options).run { listener, ops in
          Terminal.note(
            "breakwater \(BuildText.version) listens on \(listener.address.text) (public) and \(ops.address.text) (ops); data in \(configuration.dataDir)"
          )
        }
      }
      return .done
    }
  }
}

/// Reads configuration for commands.
enum Settings {
  static func load(_ path: String) throws -> Configuration {
    try refusing { () throws(ConfigurationProblems) in try ConfigurationFile(path).load() }
  }

  static func material(_ configuration: Configuration) throws -> Material {
    try refusing { () throws(ConfigurationProblems) in try Material(configuration) }
  }

  /// Says what works, but an operator would miss.
  static func note(_ configuration: Configuration, _ material: Material, indent: String) {
    let expiry = [material.certificateWarning(at: SystemSources.clocks.now)].compactMap(\.self)
    for warning in configuration.warnings + material.warnings + expiry { Terminal.note("\(indent)warning: \(warning)") }
  }

  private static func refusing<Result>(_ work: () throws(ConfigurationProblems) -> Result) throws -> Result {
    do throws(ConfigurationProblems) {
      return try work()
    } catch {
      let count = error.problems.count
      throw CommandFailure(
        .failed, "the configuration has \(count == 1 ? "a problem" : "\(count) problems"):\n\(error.description)")
    }
  }
}

/// Runs the service and says in one sentence what kept it from starting.
enum Start {
  static func run(_ work: () async throws -> Void) async throws {
    do {
      try await work()
    } catch let failure as StoreFailure {
      throw CommandFailure(.failed, failure.message)
    } catch let problems as ConfigurationProblems {
      throw CommandFailure(.failed, problems.description)
    } catch let failure as CommandFailure {
      throw failure
    } catch {
      throw CommandFailure(.failed, StartFailure.sentence(error))
    }
  }
}
