import Alerting
import Breakwater
import BreakwaterTesting
import ControlModel
import Foundation
import Testing

/// Files a configuration points at.
@Suite struct `Rules, runbooks and bars` {
  private func material(_ text: String) throws -> Material {
    try Material(ConfigurationLoader.load(text, file: "breakwater.yaml", environment: [:]))
  }

  private func problems(_ text: String) throws -> [String] {
    do {
      _ = try material(text)
      return []
    } catch let problems as ConfigurationProblems {
      return problems.problems.map(\.description)
    }
  }

  @Test func `come with the binary`() throws {
    let material = try material("")
    #expect(material.ruleGroups.isEmpty == false)
    #expect(material.warnings.isEmpty, "every alert shipped has its runbook: \(material.warnings)")
    #expect(material.bars.keys.contains { $0.text == "AAPL" })
    #expect(material.bars.values.allSatisfy { $0.count > 100 })
  }

  @Test func `of one's own are read by pattern; an alert without a runbook is a warning`() throws {
    let folder = try TemporaryFolder()
    try Data("groups: [ { name: g, rules: [ { alert: Mine, expr: up == 0 } ] } ]\n".utf8)
      .write(to: URL(fileURLWithPath: folder.file("mine.yml")))
    let material = try material("alerting: { rules: [\"\(folder.file("m*.yml"))\"] }\n")
    #expect(material.ruleGroups.map(\.name) == ["g"])
    #expect(material.warnings.map(\.key) == ["Mine"])
  }

  @Test func `that are wrong name file, line and column`() throws {
    let folder = try TemporaryFolder()
    try Data("groups:\n- name: g\n  rules:\n  - alert: Mine\n    expr: sum(up\n".utf8)
      .write(to: URL(fileURLWithPath: folder.file("bad.yml")))
    let found = try problems("alerting: { rules: [\"\(folder.file("bad.yml"))\"] }\n")
    #expect(found.count == 1)
    #expect(found[0].hasPrefix("\(folder.file("bad.yml")):5: column "), "\(found)")
    #expect(try problems("alerting: { rules: [\"\(folder.file("none-*.yml"))\"] }\n")[0].contains("matches no file"))
  }

  @Test func `of bars a profile needs must exist`() throws {
    let found = try problems(
      "runtime: { profiles: [ { tenant: a, profile: b, user: c, symbols: [ZZZZ], capital: \"1\" } ] }\n")
    #expect(found.count == 1)
    #expect(found[0].contains("trades ZZZZ, but there are bars of"), "\(found)")
  }

  @Test func `of bars that are wrong name the line`() throws {
    let folder = try TemporaryFolder()
    try Data("date,open,high,low,close,volume\n2024-01-02,1,2,0.5,1.5,10\n2024-01-03,1,0.5,2,1.5,10\n".utf8)
      .write(to: URL(fileURLWithPath: folder.file("AAPL.csv")))
    let found = try problems("runtime: { marketData: { replay: \"\(folder.path)\" } }\n")
    #expect(found.count == 1)
    #expect(found[0].hasPrefix("\(folder.path)/AAPL.csv:3: "), "\(found)")
  }
}
