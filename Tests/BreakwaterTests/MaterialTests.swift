import Alerting
import Breakwater
import BreakwaterTesting
import ControlModel
import DataPlane
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

  @Test func `and backtests are read; a file that holds none is named with how to make one`() throws {
    let folder = try TemporaryFolder()
    func backtests(_ text: String) throws -> [String] {
      try Data(text.utf8).write(to: URL(fileURLWithPath: folder.file("backtests.json")))
      return try problems("controls: { automatic: { backtests: \"\(folder.file("backtests.json"))\" } }\n")
    }
    let record = """
      {"ruleHash":"00","rule":"A","expression":"m > 0","start":"2026-11-01T00:00:00Z","end":"2026-11-02T00:00:00Z",
       "stepMs":15000,"verdict":"quiet","firings":0,"longestMs":0,"at":"2026-11-02T00:00:00Z","by":"ada","isAccepted":false}
      """
    #expect(try backtests("[\(record)]").isEmpty && backtests("[]").isEmpty)
    for text in ["{\"backtests\": []}", "[{\"rule\": \"A\"}]", "[\(record.replacing("quiet", with: "calm"))]", ""] {
      let found = try backtests(text)
      #expect(found.count == 1 && found[0].contains("rules backtest --record --write"), "\(text): \(found)")
    }
    let gone = try problems("controls: { automatic: { backtests: \"\(folder.file("gone.json"))\" } }\n")
    #expect(gone.count == 1 && gone[0].contains("cannot be read"), "\(gone)")
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

  private func fixture(_ name: String) -> String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("DataPlaneTests/Fixtures/tls/\(name)").path
  }

  @Test func `of a certificate name file, setting and reason; a key others can read is a warning`() throws {
    func tls(_ certificate: String, _ key: String) -> String {
      "server: { tls: { certificate: \"\(certificate)\", key: \"\(key)\" } }\n"
    }
    let folder = try TemporaryFolder()
    let key = folder.file("server.key")
    try FileManager.default.copyItem(atPath: fixture("server.key"), toPath: key)
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: key)
    let good = try material(tls(fixture("server.pem"), key))
    #expect(good.tls?.notAfter.description.hasPrefix("2126-") == true)
    #expect(good.warnings.isEmpty)
    try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: key)
    #expect(try material(tls(fixture("server.pem"), key)).warnings.map(\.key) == ["server.tls.key"])
    #expect(
      try problems(tls(folder.file("none.pem"), key)) == [
        "\(folder.file("none.pem")): server.tls.certificate: cannot be read"
      ])
    #expect(
      try problems(tls(fixture("renewed.pem"), key)) == ["\(key): server.tls.key: does not belong to the certificate"])
    let half = try problems("server: { tls: { key: \"\(key)\" } }\n")
    #expect(half == ["breakwater.yaml:1: server.tls.certificate: is missing beside the key"])
  }

  @Test func `of a certificate that has expired, or is about to, is a warning that says when`() throws {
    let good = try material(
      "server: { tls: { certificate: \"\(fixture("server.pem"))\", key: \"\(fixture("server.key"))\" } }\n")
    let tls = try #require(good.tls)
    func warning(_ secondsBeforeEnd: Int64) -> String? {
      good.certificateWarning(at: WallTime(unixSeconds: tls.notAfter.unixSeconds - secondsBeforeEnd))?.description
    }
    let file = "\(fixture("server.pem")): server.tls.certificate: "
    #expect(warning(14 * 86_400 + 1) == nil)
    #expect(warning(14 * 86_400) == "\(file)expires at \(tls.notAfter), within 14 days; renew it and reload")
    #expect(warning(-1) == "\(file)has expired at \(tls.notAfter); clients refuse it, renew it and reload")
    let early = WallTime(unixSeconds: tls.notBefore.unixSeconds - 1)
    #expect(
      good.certificateWarning(at: early)?.description
        == "\(file)is valid from \(tls.notBefore) only; until then clients refuse it")
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
