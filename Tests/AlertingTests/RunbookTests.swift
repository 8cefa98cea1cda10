import ControlModel
import PromQL
import Testing

@testable import Alerting

/// Runbooks with what the alert knows filled in.
@Suite struct `A runbook` {
  private let library = RunbookLibrary([
    "Down": "# {{alertname}}\n`up{job=\"{{job}}\"}` is {{value}}. {{ job }} {{unknown}} {{job", "Empty": "",
  ])

  private func alert(_ value: Double, job: String = "api") throws -> Alert {
    Alert(
      name: "Down", labels: try Labels([("alertname", "Down"), ("job", job)]), value: value,
      activeAt: WallTime(unixMilliseconds: 0), expression: "up == 0")
  }

  @Test func `has its slots filled from the alert's labels and value; what it does not know stays`() throws {
    #expect(
      library.text("Down", for: try alert(12_345))
        == "# Down\n`up{job=\"api\"}` is 12.35k. {{ job }} {{unknown}} {{job")
  }

  @Test func `without an alert is as written`() {
    #expect(library.text("Down", for: nil)?.contains("{{alertname}}") == true)
    #expect(library.text("Empty", for: nil) == "")
    #expect(library.text("None", for: nil) == nil)
    #expect(library.names == ["Down", "Empty"])
    #expect(library.has("Down") && !library.has("None"))
  }

  @Test(arguments: ["{{value}}", "{{job}}", "}}", "{{", "a\n# b"])
  func `does not take what a label holds for a slot`(job: String) throws {
    let text = library.text("Down", for: try alert(1, job: job))
    #expect(text == "# Down\n`up{job=\"\(job)\"}` is 1. {{ job }} {{unknown}} {{job")
  }

  @Test(arguments: [(Double.nan, "NaN"), (.infinity, "+Inf"), (0, "0"), (0.001, "1m")])
  func `shows any value`(value: Double, text: String) throws {
    #expect(library.text("Down", for: try alert(value))?.contains("is \(text).") == true)
  }
}
