import ControlModel
import PromQL

@testable import Alerting

/// A time to start from: 2026-11-22T12:00:00Z, a Sunday.
let noon = WallTime(unixMilliseconds: 1_795_348_800_000)

func labels(_ text: String) throws -> Labels {
  text.isEmpty ? Labels() : try Labels(parsing: "{\(text)}")
}

/// A firing alert with labels such as `severity="critical"`.
func firing(_ name: String, _ text: String = "", at time: WallTime = noon) throws -> Alert {
  let all = try labels(text).setting("alertname", to: name)
  return Alert(
    name: name, labels: all, annotations: [(name: "summary", value: "\(name) is wrong")], state: .firing, value: 1,
    activeAt: time, firedAt: time, expression: "x")
}

func silence(
  _ matchers: String..., id: String = "sil_1", from: WallTime = noon, minutes: Int64 = 60, endsWithAlert: Bool = false
) throws -> Silence {
  Silence(
    id: id, matchers: try LabelMatchers(matchers), startsAt: from, endsAt: from.adding(milliseconds: minutes * 60_000),
    createdBy: "ann", createdAt: from, reason: "planned work", endsWithAlert: endsWithAlert)
}

extension WallTime {
  func plus(seconds: Int64) -> WallTime { adding(milliseconds: seconds * 1000) }
}
