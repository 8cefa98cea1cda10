import ControlModel
import ControlPlane
import Testing

/// Every guard rail alone keeps a rule from acting.
@Suite struct `A guard rail` {
  static let now = WallTime(unixMilliseconds: 1_795_348_800_000)

  static func trigger(_ adjust: (inout AutomaticTrigger) -> Void = { _ in }) -> AutomaticTrigger {
    var trigger = AutomaticTrigger(
      alert: "ReconciliationMismatch", fingerprint: "00ff00ff00ff00ff", summary: "2 differences between the books",
      mode: .auto, action: .globalHalt, ruleHash: "1f2e3d4c5b6a", expression: "sum(x) > 0", value: 2,
      isInvariantBreach: true, independentSeries: 1, inputAgeMilliseconds: 900, intervalMilliseconds: 1_000,
      isBacktested: true)
    adjust(&trigger)
    return trigger
  }

  private func acted(_ minutesAgo: Int64, _ adjust: (inout AutomaticTrigger) -> Void = { _ in }) -> AutomaticRecord {
    AutomaticRecord(
      id: "aut_\(minutesAgo)", at: Self.now.adding(milliseconds: -minutesAgo * 60_000), trigger: Self.trigger(adjust),
      outcome: .acted, unmet: [])
  }

  private func unmet(
    _ trigger: AutomaticTrigger, _ history: [AutomaticRecord] = [],
    _ policy: AutomaticGuard.Policy = AutomaticGuard.Policy()
  ) -> [AutomaticGuard] {
    AutomaticGuard.unmet(trigger, history: history, policy, at: Self.now).map(\.rail)
  }

  @Test func `lets a fresh, proven, backtested breach pass`() {
    #expect(unmet(Self.trigger()) == [])
  }

  @Test func `asks for two independent series where no invariant is broken`() {
    #expect(unmet(Self.trigger { $0.isInvariantBreach = false }) == [.evidence])
    #expect(unmet(Self.trigger { ($0.isInvariantBreach, $0.independentSeries) = (false, 2) }) == [])
  }

  @Test(arguments: [nil, 2_000, 60_000, -1] as [Int64?])
  func `asks for inputs younger than two intervals, and no data never acts`(age: Int64?) {
    #expect(unmet(Self.trigger { $0.inputAgeMilliseconds = age }) == [.freshness])
  }

  @Test(arguments: [Double.nan, .infinity])
  func `asks for a value that is a number`(value: Double) {
    #expect(unmet(Self.trigger { $0.value = value }) == [.freshness])
  }

  @Test func `asks for a group without errors, a backtest, and something to stop`() {
    #expect(unmet(Self.trigger { $0.evaluationError = "many-to-many" }) == [.evaluation])
    #expect(unmet(Self.trigger { $0.isBacktested = false }) == [.backtest])
    #expect(unmet(Self.trigger { $0.action = .profileDisable }) == [.scope])
  }

  @Test func `counts acts within the hour, everything and each tenant apart`() {
    let other = acted(30) { $0.alert = "Other" }
    #expect(unmet(Self.trigger(), [other]) == [.budget])
    #expect(unmet(Self.trigger(), [acted(61) { $0.alert = "Other" }]) == [])
    let orchid = TenantID("orchid")
    let heron = TenantID("heron")
    let tenant = Self.trigger { ($0.action, $0.tenant) = (.tenantDisable, orchid) }
    let spent = (1...3).map { minute in
      acted(Int64(minute * 12)) { ($0.alert, $0.action, $0.tenant) = ("Other", .tenantDisable, orchid) }
    }
    #expect(unmet(tenant, spent) == [.budget])
    #expect(unmet(tenant, Array(spent.dropLast())) == [])
    #expect(unmet(Self.trigger { ($0.action, $0.tenant) = (.tenantDisable, heron) }, spent) == [])
  }

  @Test func `cools down on the same scope, longer than the hour if it must`() {
    var policy = AutomaticGuard.Policy()
    policy.globalPerHour = 5
    #expect(unmet(Self.trigger(), [acted(9)], policy) == [.coolDown])
    #expect(unmet(Self.trigger(), [acted(10)], policy) == [])
    policy.coolDownMilliseconds = 7_200_000
    #expect(unmet(Self.trigger(), [acted(119)], policy) == [.coolDown])
  }

  @Test func `counts acts from a time that has not come, after a clock was set back`() {
    #expect(unmet(Self.trigger(), [acted(-120)]) == [.budget, .coolDown])
  }

  @Test func `is never met by a budget of none, and by nothing when switched off`() {
    var policy = AutomaticGuard.Policy()
    policy.globalPerHour = 0
    #expect(unmet(Self.trigger(), [], policy) == [.budget])
    policy = AutomaticGuard.Policy()
    policy.isOn = false
    #expect(unmet(Self.trigger(), [], policy) == [.budget])
  }
}
