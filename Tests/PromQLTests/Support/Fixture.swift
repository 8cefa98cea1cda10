import Foundation

@testable import PromQL

/// The files tests read.
enum Fixture {
  static func text(_ path: String) throws -> String {
    try String(contentsOf: Bundle.module.bundleURL.appending(path: "Fixtures/\(path)"), encoding: .utf8)
  }

  static func script(_ path: String) throws -> Script {
    try Script(text(path))
  }

  static let conformanceScripts = [
    "aggregators", "at_modifier", "collision", "functions", "histograms", "literals", "operators", "selectors",
    "staleness", "subquery", "trig_functions",
  ]

  /// Expressions of the rules this product ships.
  static func alertExpressions() throws -> [String] {
    try text("alerts/expressions.txt").split(separator: "\n").map(String.init)
  }

  /// Every query of the conformance scripts that can be read.
  static func conformanceQueries() throws -> [String] {
    try conformanceScripts.flatMap { name in
      try script("promql/\(name).test").commands.compactMap { command in
        if case .evaluate(let test) = command, (try? Expression(test.query)) != nil { test.query } else { nil }
      }
    }
  }
}
