import Foundation
import Testing

/// The arrows of `docs/ARCHITECTURE.md`: a file imports only targets its row in Package.swift names, and rows name only
/// targets below them.
@Suite struct `Layering` {
  private static let order = [
    "Command", "Fuzz", "GateLoad", "Breakwater", "AdminAPI", "ControlPlane", "Alerting", "RequestLog", "Realtime",
    "DataPlane", "MetricStore", "PromQL", "TradingRuntime", "Venues", "Strategy", "Identity", "Store", "Telemetry",
    "Wire", "ControlModel", "Threads",
  ]

  /// Target → the targets of ours it may import, read out of the manifest.
  private func rows() throws -> [String: Set<String>] {
    let manifest = try Repository.text("Package.swift")
    var rows: [String: Set<String>] = [:]
    for name in Self.order {
      let isProgram = ["Command", "Fuzz", "GateLoad"].contains(name)
      let pattern = isProgram ? "name: \"\(name)\"" : "\"\(name)\""
      let start = try #require(
        manifest.ranges(of: isProgram ? pattern : "library(\n      \(pattern)").first
          ?? manifest.ranges(of: "library(\(pattern)").first ?? manifest.ranges(of: pattern).first,
        "Package.swift has a row for \(name)")
      let rest = manifest[start.upperBound...]
      let end = rest.range(of: "]")?.lowerBound ?? rest.endIndex
      let quoted = rest[..<end].split(separator: "\"", omittingEmptySubsequences: false).enumerated()
        .filter { $0.offset % 2 == 1 }.map { String($0.element) }
      rows[name] = Set(quoted).intersection(Self.order)
    }
    return rows
  }

  @Test func `arrows point down only`() throws {
    for (target, dependencies) in try rows() {
      let level = try #require(Self.order.firstIndex(of: target))
      for dependency in dependencies {
        let other = try #require(Self.order.firstIndex(of: dependency))
        #expect(other > level, "\(target) must not depend on \(dependency), which stands above it")
      }
    }
  }

  @Test func `a file imports only what its target's row names`() throws {
    let rows = try rows()
    for target in Self.order {
      for file in try Repository.files("Sources/\(target)", suffix: ".swift") {
        for line in file.text.split(separator: "\n") {
          guard let found = line.firstMatch(of: /^(?:package |public |@testable )?import (?:\w+ )?(\w+)/) else {
            continue
          }
          let module = String(found.1)
          guard Self.order.contains(module) else { continue }
          #expect(rows[target]?.contains(module) == true, "\(file.path) imports \(module), which its row does not name")
        }
      }
    }
  }

  @Test func `the model needs neither Foundation nor a clock`() throws {
    for file in try Repository.swift("Sources/ControlModel") {
      for word in ["import ", "Date()", "ContinuousClock", "UUID()"] where file.code.contains(word) {
        Issue.record("\(file.path) uses \(word)")
      }
    }
  }

  @Test func `only the root reads clocks, randomness and the environment`() throws {
    let words = [
      "Date()", "ContinuousClock", "SuspendingClock", "UUID()", "ProcessInfo", "SystemRandomNumberGenerator",
    ]
    let allowed = ["Command", "Fuzz", "Breakwater"]
    for target in Self.order where !allowed.contains(target) {
      for file in try Repository.swift("Sources/\(target)") {
        for word in words where file.code.contains(word) { Issue.record("\(file.path) uses \(word)") }
      }
    }
  }
}
