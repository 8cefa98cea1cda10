import Alerting
import ArgumentParser
import Breakwater

/// `breakwater check`
struct Check: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Check configuration, rules, runbooks and bars as a start would; touch nothing.")

  @Option(help: "Configuration file.")
  var config = "breakwater.yaml"

  func run() async throws {
    try await finish {
      let configuration = try Settings.load(config)
      let material = try Settings.material(configuration)
      Settings.note(configuration, material, indent: "")
      let rules = material.ruleGroups.reduce(0) { $0 + $1.rules.count }
      Terminal.print(
        "\(config) is fine: \(configuration.routes.count) routes to \(configuration.upstreams.count) upstreams, "
          + "\(configuration.runtime.profiles.count) profiles on \(material.bars.count) symbols, \(rules) rules, "
          + "\(material.runbooks.count) runbooks.")
      return .done
    }
  }
}
