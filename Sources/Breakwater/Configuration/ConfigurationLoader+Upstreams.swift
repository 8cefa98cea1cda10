import DataPlane
import Yams

extension ConfigurationLoader {
  static func upstreams(_ section: SettingsSection) -> [Upstream] {
    let upstreams = section.names.compactMap { name -> Upstream? in
      let one = section.section(name)
      let hosts = hosts(one)
      var upstream = Upstream(name: name, hosts: hosts.isEmpty ? [Upstream.Host("unset", 1)] : hosts)
      upstream.connectTimeout = one.duration(
        "connectTimeout", default: upstream.connectTimeout, in: .milliseconds(10)...(.seconds(60)))
      upstream.firstByteTimeout = one.duration(
        "firstByteTimeout", default: upstream.firstByteTimeout, in: .milliseconds(10)...(.seconds(600)))
      upstream.timeout = one.duration("timeout", default: upstream.timeout, in: .milliseconds(10)...(.seconds(3600)))
      upstream.forwardsAuthorization = one.flag("forwardAuthorization", default: false)
      upstream.breaker = breaker(one.section("breaker"))
      upstream.ejection = ejection(one.section("ejection"))
      upstream.concurrency = concurrency(one.section("concurrency"))
      one.finish()
      return hosts.isEmpty ? nil : upstream
    }
    section.finish()
    return upstreams
  }

  /// `url: http://host:port`, or `urls` with one for each host.
  private static func hosts(_ one: SettingsSection) -> [Upstream.Host] {
    let single = one.optional("url", allowed: "http://host:port", origin)
    let several = one.strings("urls", default: []).compactMap { text -> Upstream.Host? in
      let host = origin(text)
      if host == nil {
        let shown = SettingSecret.shown(text, one.full("urls"))
        one.reader.problem(one.value("urls"), one.full("urls"), "\"\(shown)\" is not allowed; write http://host:port")
      }
      return host
    }
    switch (one.value("url"), one.value("urls")) {
    case (nil, nil) where single == nil && several.isEmpty:
      one.reader.problem(one.node, one.full("url"), "is missing; write http://host:port")
    case (.some, .some):
      one.reader.problem(one.value("urls"), one.full("urls"), "is given beside `url`; write one of the two")
    case (nil, .some) where several.isEmpty:
      one.reader.problem(one.value("urls"), one.full("urls"), "names no host")
    default: break
    }
    if several.count > Upstream.hostsMax {
      one.reader.problem(one.value("urls"), one.full("urls"), "has more than \(Upstream.hostsMax) hosts")
      return []
    }
    if Set(several).count < several.count {
      one.reader.problem(one.value("urls"), one.full("urls"), "names one host twice")
    }
    return single.map { [$0] } ?? several
  }

  private static func origin(_ text: String) -> Upstream.Host? {
    guard text.hasPrefix("http://") else { return nil }
    var rest = text.dropFirst(7)
    if rest.hasSuffix("/") { rest = rest.dropLast() }
    guard !rest.contains("/"), !rest.contains("@") else { return nil }
    guard let colon = rest.lastIndex(of: ":"), !rest.hasSuffix("]") else {
      return rest.isEmpty ? nil : Upstream.Host(String(rest), 80)
    }
    guard let port = Int(rest[rest.index(after: colon)...]), (1...65_535).contains(port) else { return nil }
    var host = String(rest[..<colon])
    if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
    return host.isEmpty ? nil : Upstream.Host(host, port)
  }

  private static func breaker(_ section: SettingsSection) -> BreakerSettings {
    var settings = BreakerSettings()
    settings.failures = section.integer("failures", default: settings.failures, in: 1...1000)
    settings.openFor = section.duration(
      "openFor", default: settings.openFor, in: .milliseconds(100)...(.seconds(300)))
    section.finish()
    return settings
  }

  private static func ejection(_ section: SettingsSection) -> EjectionSettings {
    var settings = EjectionSettings()
    settings.failures = section.integer("failures", default: settings.failures, in: 1...1000)
    settings.base = section.duration("base", default: settings.base, in: .milliseconds(100)...(.seconds(300)))
    section.finish()
    return settings
  }

  private static func concurrency(_ section: SettingsSection) -> ConcurrencySettings {
    var settings = ConcurrencySettings()
    settings.min = section.integer("min", default: settings.min, in: 1...100_000)
    settings.max = section.integer("max", default: max(settings.max, settings.min), in: 1...100_000)
    if settings.max < settings.min {
      section.reader.problem(section.value("max"), section.full("max"), "is below `min`, which is \(settings.min)")
      settings.max = settings.min
    }
    section.finish()
    return settings
  }
}
