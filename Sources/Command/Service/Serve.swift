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

  func run() async throws {
    try await finish {
      let configuration = try ConfigurationFile.load(config)
      let material = try ConfigurationFile.material(configuration)
      for warning in material.warnings { Terminal.note("  warning: \(warning)") }
      for source in configuration.sources where !source.key.contains("profiles[") {
        Terminal.note("  \(source.key) = \(source.value)   (\(source.source))")
      }
      try await Start.run {
        try await Assembly(configuration, material).run { listener, ops in
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
enum ConfigurationFile {
  /// The file, or defaults when `breakwater.yaml` was not named and is not there.
  static func load(_ path: String) throws -> Configuration {
    let environment = ProcessInfo.processInfo.environment
    guard let data = FileManager.default.contents(atPath: path) else {
      throw CommandFailure(.failed, "the configuration \(path) cannot be read; name one with --config")
    }
    guard data.count <= ConfigurationLoader.bytesMax else {
      throw CommandFailure(.failed, "\(path) is larger than \(ConfigurationLoader.bytesMax) bytes")
    }
    do throws(ConfigurationProblems) {
      return try ConfigurationLoader.load(String(decoding: data, as: UTF8.self), file: path, environment: environment)
    } catch {
      throw refused(error)
    }
  }

  static func material(_ configuration: Configuration) throws -> Material {
    do throws(ConfigurationProblems) {
      return try Material(configuration)
    } catch {
      throw refused(error)
    }
  }

  private static func refused(_ problems: ConfigurationProblems) -> CommandFailure {
    let count = problems.problems.count
    return CommandFailure(
      .failed, "the configuration has \(count == 1 ? "a problem" : "\(count) problems"):\n\(problems.description)")
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
