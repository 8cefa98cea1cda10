import Alerting
import Breakwater
import ControlModel
import Foundation
import Telemetry
import Testing

/// Names are an interface: what documents, alerts and runbooks say must exist, and what exists must be documented.
@Suite struct `Names` {
  private static let metricNames = Set(MetricCatalog.all.map(\.name))

  /// `breakwater_…` words of a text, without the suffixes of histogram series.
  private func metrics(in text: String) -> Set<String> {
    Set(
      text.matches(of: /\bbreakwater_[a-z0-9_]+/).map { match in
        var name = String(match.0)
        if Self.metricNames.contains(name) { return name }
        for suffix in ["_bucket", "_sum", "_count"] where name.hasSuffix(suffix) { name.removeLast(suffix.count) }
        return name
      })
  }

  @Test func `metrics have unique names in Prometheus' conventions`() {
    #expect(Self.metricNames.count == MetricCatalog.all.count)
    for metric in MetricCatalog.all {
      #expect(metric.name.wholeMatch(of: /(breakwater|process)_[a-z0-9_]+/) != nil, "\(metric.name)")
      if case .counter = metric.kind { #expect(metric.name.hasSuffix("_total"), "\(metric.name) is a counter") }
      #expect(metric.help.hasSuffix("."), "\(metric.name)'s help is a sentence")
    }
  }

  @Test func `every metric in the catalogue is used somewhere`() throws {
    let sources = try Repository.files("Sources", suffix: ".swift").filter { !$0.path.hasSuffix("MetricCatalog.swift") }
    let catalogue = try Repository.text("Sources/Telemetry/Metrics/MetricCatalog.swift")
    for match in catalogue.matches(of: /package static let (\w+) = MetricDefinition/) {
      let name = String(match.1)
      #expect(sources.contains { $0.text.contains("MetricCatalog.\(name)") }, "MetricCatalog.\(name) is never set")
    }
  }

  @Test func `documents, alerts and runbooks name only metrics that exist`() throws {
    var files = try Repository.files("docs", suffix: ".md") + Repository.files("runbooks", suffix: ".md")
    files += try Repository.files("alerts", suffix: ".yml")
    files.append(("README.md", try Repository.text("README.md")))
    for file in files {
      for name in metrics(in: file.text) where name != "breakwater_asset" {
        #expect(Self.metricNames.contains(name), "\(file.path) names \(name), which does not exist")
      }
    }
  }

  @Test func `every metric is in the reference`() throws {
    let reference = try Repository.text("docs/reference/metrics.md")
    for metric in MetricCatalog.all {
      #expect(reference.contains("`\(metric.name)`"), "docs/reference/metrics.md lacks \(metric.name)")
    }
  }

  @Test func `every refusal is in the reference with its status`() throws {
    let reference = try Repository.text("docs/reference/errors.md")
    for code in RefusalCode.allCases {
      #expect(
        reference.contains("| `\(code.rawValue)` | \(code.status) |"), "docs/reference/errors.md lacks \(code.rawValue)"
      )
    }
  }

  @Test func `every alert has a runbook and every runbook an alert`() throws {
    var alerts: Set<String> = []
    for file in try Repository.files("alerts", suffix: ".yml") where !file.path.contains("/tests/") {
      for group in try RuleFile.parse(file.text, file: file.path) {
        for rule in group.rules {
          if case .alerting(let alert) = rule.kind { alerts.insert(alert.name) }
        }
      }
    }
    let runbooks = Set(
      try Repository.files("runbooks", suffix: ".md").map { String($0.path.dropFirst("runbooks/".count).dropLast(3)) })
    #expect(!alerts.isEmpty)
    #expect(alerts == runbooks)
  }

  @Test func `the binary carries every file of console, alerts, runbooks and bars`() throws {
    let table = try Repository.text("Sources/CAssets/assets.c")
    let wanted =
      try Repository.files("alerts", suffix: ".yml").filter { !$0.path.contains("/tests/") }.map(\.path)
      + Repository.files("runbooks", suffix: ".md").map(\.path) + Repository.files("console", suffix: ".js").map(\.path)
      + Repository.files("console", suffix: ".css").map(\.path)
      + Repository.files("console", suffix: ".html").map(\.path)
    for path in wanted { #expect(table.contains("\"\(path)\""), "scripts/embed was not run after adding \(path)") }
  }

  @Test func `a setting in the reference is a setting`() throws {
    let reference = try Repository.text("docs/reference/settings.md")
    let loader = try Repository.files("Sources/Breakwater/Configuration", suffix: ".swift").map(\.text).joined()
    for match in reference.matches(of: /(?m)^\| `([a-zA-Z.*]+)` \|/) {
      let last = match.1.split(separator: ".").last.map(String.init) ?? ""
      #expect(last == "*" || loader.contains("\"\(last)\""), "docs/reference/settings.md names \(match.1)")
    }
  }
}
