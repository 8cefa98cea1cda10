import Alerting
import Foundation
import Telemetry

/// Looks at the rule files every few seconds. A changed set that can be read takes effect; one that cannot leaves the
/// rules of before in force and is a metric, a log record and thereby an alert.
struct RuleWatch {
  /// Between two looks.
  static let interval = Duration.seconds(5)

  enum Finding {
    case unchanged
    case changed([RuleGroup])
    /// The first problem: file, line and column.
    case refused(ConfigurationProblem)
  }

  private let patterns: [String]
  private let successful: Gauge
  private var seen: [String]

  /// - Parameter patterns: `alerting.rules`; none means the rules in the binary, which never change.
  init(_ patterns: [String], metrics: MetricRegistry) {
    self.patterns = patterns
    successful = metrics.gauge(MetricCatalog.rulesReloadSuccessful)
    successful.set(1)
    seen = Self.marks(patterns)
  }

  mutating func look() -> Finding {
    let now = Self.marks(patterns)
    guard now != seen else { return .unchanged }
    seen = now
    var problems: [ConfigurationProblem] = []
    let groups = Material.rules(patterns, &problems)
    successful.set(problems.isEmpty ? 1 : 0)
    return problems.first.map(Finding.refused) ?? .changed(groups)
  }

  /// Name, size, time and inode of every file.
  private static func marks(_ patterns: [String]) -> [String] {
    patterns.flatMap(Material.names).map { name in
      var status = stat()
      guard stat(name, &status) == 0 else { return "\(name) missing" }
      return "\(name) \(status.st_size) \(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec) \(status.st_ino)"
    }
  }
}
