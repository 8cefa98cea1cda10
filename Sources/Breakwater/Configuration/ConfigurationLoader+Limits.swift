import ControlModel
import DataPlane

extension ConfigurationLoader {
  static func limits(_ section: SettingsSection) -> RatePolicies {
    var policies = RatePolicies(
      ip: rate(section.section("ip"), RateLimit(quota: 1200, windowSeconds: 60, burst: 200)),
      tenant: RateLimit(quota: 600, windowSeconds: 60, burst: 100),
      user: rate(section.section("user"), RateLimit(quota: 300, windowSeconds: 60, burst: 50)))
    policies.classes = classes(section.section("classes"), [:])
    let tenant = section.section("tenant")
    policies.tenantClasses = classes(tenant.section("classes"), policies.tenantClasses)
    let overrides = tenant.section("overrides")
    policies.tenant = limit(tenant, policies.tenant)
    for name in overrides.names {
      let one = overrides.section(name)
      let own = classes(one.section("classes"), [:])
      if !own.isEmpty { policies.tenantClassOverrides[name] = own }
      policies.tenantOverrides[name] = rate(one, policies.tenant)
    }
    tenant.finish()
    section.finish()
    return policies
  }

  /// `{ expensive: { rate: 60/1m, burst: 10 } }`
  private static func classes(
    _ section: SettingsSection, _ fallback: [TrafficClass: RateLimit]
  ) -> [TrafficClass: RateLimit] {
    var limits = fallback
    let allowed = TrafficClass.allCases.filter { $0 != .control }
    for trafficClass in allowed where section.value(trafficClass.rawValue) != nil {
      limits[trafficClass] = rate(
        section.section(trafficClass.rawValue),
        fallback[trafficClass] ?? RateLimit(quota: 600, windowSeconds: 60, burst: 100))
    }
    section.finish()
    return limits
  }

  private static func rate(_ section: SettingsSection, _ fallback: RateLimit) -> RateLimit {
    defer { section.finish() }
    return limit(section, fallback)
  }

  /// `{ rate: 600/1m, burst: 100 }`
  private static func limit(_ section: SettingsSection, _ fallback: RateLimit) -> RateLimit {
    let rate = section.read(
      "rate", default: (fallback.quota, fallback.windowSeconds), allowed: "requests per duration, e.g. 600/1m"
    ) { text -> (Int, Int)? in
      let parts = text.split(separator: "/")
      guard parts.count == 2, let quota = Int(parts[0]), (1...100_000_000).contains(quota),
        let window = DurationSetting.milliseconds(String(parts[1])), window >= 1000, window <= 86_400_000
      else { return nil }
      return (quota, Int(window / 1000))
    }
    let burst = section.integer("burst", default: fallback.burst, in: 1...10_000_000)
    return RateLimit(quota: rate.0, windowSeconds: rate.1, burst: burst)
  }
}
