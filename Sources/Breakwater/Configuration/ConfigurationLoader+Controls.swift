import ControlModel
import ControlPlane
import Strategy
import TradingRuntime

extension ConfigurationLoader {
  static func controls(_ section: SettingsSection) -> Configuration.Controls {
    let automatic = section.section("automatic")
    let controls = Configuration.Controls(
      requiresApproval: section.choice("approvals", default: true, [("required", true), ("off", false)]),
      drainTimeout: section.duration(
        "drainTimeout", default: .milliseconds(250), in: .milliseconds(10)...(.seconds(10))),
      reviewAfter: section.duration("reviewAfter", default: .seconds(1800), in: .seconds(60)...(.seconds(604_800))),
      stages: stages(section), breakGlassPerDay: section.integer("breakGlassPerDay", default: 3, in: 0...100),
      approvers: section.strings("approvers", default: []), flatten: flatten(section.section("flatten")),
      automatic: policy(automatic),
      backtests: automatic.optional("backtests", allowed: "a file") { $0.isEmpty ? nil : $0 },
      lease: section.duration("lease", default: .seconds(3), in: .seconds(1)...(.seconds(30))))
    automatic.finish()
    section.finish()
    return controls
  }

  private static func policy(_ section: SettingsSection) -> AutomaticGuard.Policy {
    var policy = AutomaticGuard.Policy()
    policy.isOn = section.choice("acts", default: true, [("on", true), ("off", false)])
    policy.globalPerHour = section.integer("globalPerHour", default: 1, in: 0...10)
    policy.tenantPerHour = section.integer("tenantPerHour", default: 3, in: 0...100)
    policy.coolDownMilliseconds = Int64(
      section.duration("coolDown", default: .seconds(600), in: .seconds(60)...(.seconds(86_400))) / .milliseconds(1))
    policy.proposalMilliseconds = Int64(
      section.duration("proposal", default: .seconds(300), in: .seconds(30)...(.seconds(3600))) / .milliseconds(1))
    return policy
  }

  private static func stages(_ section: SettingsSection) -> ReleaseStages? {
    let isStaged = section.choice("release", default: false, [("at-once", false), ("staged", true)])
    let stages = ReleaseStages(
      watchMilliseconds: Int64(
        section.duration("stageWatch", default: .seconds(60), in: .seconds(1)...(.seconds(3600))) / .milliseconds(1)),
      sharePercent: section.integer("stageShare", default: 10, in: ReleaseStages.shareBounds))
    return isStaged ? stages : nil
  }

  private static func flatten(_ section: SettingsSection) -> FlattenLimits {
    var limits = FlattenLimits()
    func money(_ key: String, _ fallback: Money) -> Money {
      section.read(key, default: fallback, allowed: "dollars as a decimal, e.g. \"5000\"") {
        (try? Money($0)).flatMap { $0.isPositive ? $0 : nil }
      }
    }
    limits.sliceNotional = money("slice", limits.sliceNotional)
    limits.notionalMax = money("notional", limits.notionalMax)
    limits.slippageBasisPoints = section.integer("slippageBasisPoints", default: 100, in: 1...2_000)
    limits.time = section.duration("time", default: limits.time, in: .seconds(1)...(.seconds(86_400)))
    section.finish()
    return limits
  }
}
