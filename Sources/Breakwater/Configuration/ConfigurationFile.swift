import Foundation

/// A configuration file and the environment over it, read again on every load.
package struct ConfigurationFile: Sendable {
  package let path: String
  private let environment: [String: String]

  package init(_ path: String, environment: [String: String] = ProcessInfo.processInfo.environment) {
    self.path = path
    self.environment = environment
  }

  /// The file's text as it is now. Throws when it cannot be read or is too large.
  package func text() throws(ConfigurationProblems) -> String {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw problem("cannot be read; name a file with --config")
    }
    guard data.count <= ConfigurationLoader.bytesMax else {
      throw problem("is larger than \(ConfigurationLoader.bytesMax) bytes")
    }
    return String(decoding: data, as: UTF8.self)
  }

  /// The configuration that `text` gives, under this file's name.
  package func parse(_ text: String) throws(ConfigurationProblems) -> Configuration {
    try ConfigurationLoader.load(text, file: path, environment: environment)
  }

  package func load() throws(ConfigurationProblems) -> Configuration { try parse(text()) }

  private func problem(_ message: String) -> ConfigurationProblems {
    ConfigurationProblems(problems: [ConfigurationProblem(file: path, line: nil, key: "", message: message)])
  }
}
