import Alerting
import ControlModel
import Foundation
import Yams

/// Rules, receivers, routes, inhibitions and time intervals. Keys of the routing tree may also be spelled as in
/// Alertmanager's file, so that its tree can be taken over as it is.
extension ConfigurationLoader {
  static func alerting(_ section: SettingsSection) -> Configuration.Alerting {
    var names: Set<String> = []
    let receivers = section.sections("receivers").compactMap { one -> Receiver? in
      let receiver = receiver(one)
      if let name = receiver?.name, !names.insert(name).inserted {
        one.reader.problem(one.node, one.full("name"), "\"\(name)\" is the name of two receivers")
      }
      one.finish()
      return receiver
    }
    if receivers.count > Receiver.countMax {
      section.reader.problem(
        section.value("receivers"), section.full("receivers"), "has more than \(Receiver.countMax) receivers")
    }
    checkFallbacks(receivers, section)
    let alerting = Configuration.Alerting(
      rules: section.strings("rules", default: []),
      runbooks: section.optional("runbooks", allowed: "a folder") { $0.isEmpty ? nil : $0 },
      interval: section.duration("interval", default: .seconds(1), in: .milliseconds(100)...(.seconds(300))),
      externalURL: section.optional("externalURL", allowed: "the http(s) URL people reach the console by", webURL),
      receivers: receivers, routing: routing(section, receivers))
    section.finish()
    return alerting
  }

  private static func webURL(_ text: String) -> String? {
    guard text.hasPrefix("http://") || text.hasPrefix("https://"), text.utf8.count <= 2048 else { return nil }
    return text.hasSuffix("/") ? String(text.dropLast()) : text
  }

  private static func target(_ text: String) -> String? {
    text.hasPrefix("http://") || text.hasPrefix("https://") ? text : nil
  }

  // MARK: Receivers

  /// `{ name, webhook | slack | pagerduty | email | alertmanager, sendResolved, fallback }`
  private static func receiver(_ one: SettingsSection) -> Receiver? {
    let name = one.string("name", default: "")
    if name.isEmpty { one.reader.problem(one.node, one.full("name"), "is missing") }
    let url = "an http(s) URL"
    let webhook = one.optional("webhook", allowed: url, target).map { Receiver.Kind.webhook(url: $0) }
    let slack = one.optional("slack", allowed: url, target).map { Receiver.Kind.slack(url: $0) }
    let alertmanager = one.optional("alertmanager", allowed: url, target).map { Receiver.Kind.alertmanager(url: $0) }
    let kinds = [webhook, slack, alertmanager, pagerDuty(one), email(one)].compactMap { $0 }
    let given = ["webhook", "slack", "alertmanager", "pagerduty", "email"].filter { one.value($0) != nil }
    if given.count != 1 {
      one.reader.problem(
        one.node, one.path, "names exactly one of webhook, slack, pagerduty, email and alertmanager")
    }
    let sendsResolved = one.flag(one.spelled("sendResolved"), default: true)
    let fallback = one.optional("fallback", allowed: "the name of another receiver") { $0.isEmpty ? nil : $0 }
    guard let kind = kinds.first, kinds.count == 1, !name.isEmpty else { return nil }
    return Receiver(name: name, kind: kind, sendsResolved: sendsResolved, fallback: fallback)
  }

  private static func pagerDuty(_ one: SettingsSection) -> Receiver.Kind? {
    guard one.value("pagerduty") != nil else { return nil }
    let section = one.section("pagerduty")
    let key = section.optional("routingKey", allowed: "PagerDuty's integration key") { $0.isEmpty ? nil : $0 }
    if key == nil, section.value("routingKey") == nil {
      section.reader.problem(section.node, section.full("routingKey"), "is missing")
    }
    let url = section.read(
      "url", default: "https://events.pagerduty.com/v2/enqueue", allowed: "an http(s) URL", target)
    section.finish()
    return key.map { .pagerDuty(url: url, routingKey: $0) }
  }

  private static func email(_ one: SettingsSection) -> Receiver.Kind? {
    guard one.value("email") != nil else { return nil }
    let section = one.section("email")
    let server = section.optional("smtp", allowed: "host:port of a mail server, e.g. mail.example:587") { text in
      let parts = text.split(separator: ":")
      return parts.count == 2 ? Int(parts[1]).flatMap { (1...65_535).contains($0) ? (String(parts[0]), $0) : nil } : nil
    }
    let from = section.optional("from", allowed: "a mail address", address)
    let texts = section.strings("to", default: [])
    let to = texts.compactMap(address)
    if to.count != texts.count || to.isEmpty || to.count > 50 {
      section.reader.problem(
        section.value("to") ?? section.node, section.full("to"), "is a list of 1 to 50 mail addresses")
    }
    for (key, isMissing) in [("smtp", server == nil), ("from", from == nil)]
    where isMissing && section.value(key) == nil {
      section.reader.problem(section.node, section.full(key), "is missing")
    }
    let security = section.choice(
      "startTLS", default: Receiver.Mailbox.Security.offered,
      Receiver.Mailbox.Security.allCases.map { ($0.rawValue, $0) })
    let username = section.optional("username", allowed: "some text") { $0.isEmpty ? nil : $0 }
    let password = section.optional("password", allowed: "some text") { $0.isEmpty ? nil : $0 }
    if (username == nil) != (password == nil) {
      section.reader.problem(section.node, section.full("username"), "and password go together")
    }
    let caFile = section.optional("caFile", allowed: "a PEM file") { $0.isEmpty ? nil : $0 }
    section.finish()
    guard let server, let from, !to.isEmpty else { return nil }
    return .email(
      Receiver.Mailbox(
        host: server.0, port: server.1, from: from, to: to, security: security, username: username, password: password,
        caFile: caFile))
  }

  /// What may stand in a command to a mail server: no space, no angle bracket, no line end.
  private static func address(_ text: String) -> String? {
    let parts = text.split(separator: "@", omittingEmptySubsequences: false)
    let isSafe = text.utf8.allSatisfy { (0x21..<0x7f).contains($0) && !"<>(),;:\\\"[]".utf8.contains($0) }
    return parts.count == 2 && parts.allSatisfy { !$0.isEmpty } && isSafe && text.utf8.count <= 254 ? text : nil
  }

  private static func checkFallbacks(_ receivers: [Receiver], _ section: SettingsSection) {
    let known = receivers.filter(\.takesMessages).map(\.name)
    for (index, receiver) in receivers.enumerated() {
      guard let fallback = receiver.fallback else { continue }
      guard known.contains(fallback), fallback != receiver.name else {
        let node = section.value("receivers")?.sequence?[index]
        section.reader.problem(
          node, "\(section.full("receivers"))[\(index)].fallback",
          "\"\(fallback)\" is not another receiver that takes messages: \(known.joined(separator: ", "))")
        continue
      }
    }
  }

  // MARK: Routes

  private static func routing(_ section: SettingsSection, _ receivers: [Receiver]) -> RoutingTree {
    let intervals = timeIntervals(section)
    let names = receivers.filter(\.takesMessages).map(\.name)
    let inhibitions = section.sections(section.spelled("inhibitRules")).compactMap(inhibition)
    guard section.value("route") != nil else {
      let spare = Set(receivers.compactMap(\.fallback))
      let first = names.filter { !spare.contains($0) }
      return RoutingTree(toAll: first.isEmpty ? names : first, inhibitions: inhibitions)
    }
    var count = 0
    let route = section.section("route")
    var root = node(route, depth: 0, &count, receivers: names, intervals: Set(intervals.keys))
    if root.receivers == nil {
      route.reader.problem(
        route.node, route.full("receiver"), "is missing: the root route names who is told of the rest")
    }
    if !root.matchers.conditions.isEmpty {
      route.reader.problem(route.node, route.full("matchers"), "cannot stand at the root, which takes every alert")
    }
    root.matchers = LabelMatchers.all
    return RoutingTree(root: root, intervals: intervals, inhibitions: inhibitions)
  }

  private static func node(
    _ section: SettingsSection, depth: Int, _ count: inout Int, receivers: [String], intervals: Set<String>
  ) -> RoutingTree.Node {
    count += 1
    var node = RoutingTree.Node()
    node.matchers = matchers(section, "matchers")
    node.receivers = section.optional("receiver", allowed: "one of the receivers: \(receivers.joined(separator: ", "))")
    {
      receivers.contains($0) ? [$0] : nil
    }
    let groupBy = section.spelled("groupBy")
    if section.value(groupBy) != nil {
      let labels = section.strings(groupBy, default: [])
      node.groupBy = labels.contains("...") ? .everyLabel : .labels(labels)
      for label in labels where label != "..." && !RuleFile.isLabelName(label) {
        section.reader.problem(section.value(groupBy), section.full(groupBy), "\"\(label)\" is not a label name")
      }
    }
    node.groupWaitMilliseconds = milliseconds(section, "groupWait", from: 0)
    node.groupIntervalMilliseconds = milliseconds(section, "groupInterval", from: 0)
    node.repeatIntervalMilliseconds = milliseconds(section, "repeatInterval", from: 10_000)
    node.continues = section.flag("continue", default: false)
    node.muteTimes = names(section, "muteTimeIntervals", known: intervals)
    node.activeTimes = names(section, "activeTimeIntervals", known: intervals)
    if depth == 0, !node.muteTimes.isEmpty || !node.activeTimes.isEmpty || node.continues {
      section.reader.problem(section.node, section.path, "the root route has no continue and no time intervals")
    }
    if depth >= RoutingTree.depthMax || count > RoutingTree.nodesMax {
      section.reader.problem(
        section.node, section.path,
        "routes are nested at most \(RoutingTree.depthMax) deep, and at most \(RoutingTree.nodesMax) in all")
    } else {
      node.children = section.sections("routes").map {
        Self.node($0, depth: depth + 1, &count, receivers: receivers, intervals: intervals)
      }
    }
    section.finish()
    return node
  }

  private static func milliseconds(_ section: SettingsSection, _ key: String, from least: Int64) -> Int64? {
    let allowed = "a duration from \(DurationSetting.text(milliseconds: least)) to 30d"
    return section.optional(section.spelled(key), allowed: allowed) { text in
      (text == "0" ? 0 : DurationSetting.milliseconds(text)).flatMap {
        (least...30 * 86_400_000).contains($0) ? $0 : nil
      }
    }
  }

  private static func names(_ section: SettingsSection, _ key: String, known: Set<String>) -> [String] {
    let key = section.spelled(key)
    let names = section.strings(key, default: [])
    for name in names where !known.contains(name) {
      let all = known.isEmpty ? "none are defined" : known.sorted().joined(separator: ", ")
      section.reader.problem(
        section.value(key), section.full(key), "\"\(name)\" is not one of the timeIntervals: \(all)")
    }
    return names
  }

  private static func matchers(_ section: SettingsSection, _ key: String) -> LabelMatchers {
    let key = section.spelled(key)
    let texts = section.strings(key, default: [])
    do throws(LabelMatchers.Problem) {
      return try LabelMatchers(texts)
    } catch {
      section.reader.problem(section.value(key), section.full(key), error.description)
      return LabelMatchers.all
    }
  }

  /// `{ sourceMatchers, targetMatchers, equal }`
  private static func inhibition(_ section: SettingsSection) -> Inhibition? {
    let source = matchers(section, "sourceMatchers")
    let target = matchers(section, "targetMatchers")
    for (name, matchers) in [("sourceMatchers", source), ("targetMatchers", target)] where matchers.conditions.isEmpty {
      section.reader.problem(section.node, section.full(name), "is missing: it would hold for every alert")
    }
    let equal = section.strings("equal", default: [])
    section.finish()
    return source.conditions.isEmpty || target.conditions.isEmpty
      ? nil : Inhibition(source: source, target: target, equal: equal)
  }

  // MARK: Times

  private static func timeIntervals(_ section: SettingsSection) -> [String: [CalendarInterval]] {
    var named: [String: [CalendarInterval]] = [:]
    for one in section.sections(section.spelled("timeIntervals")) {
      let name = one.string("name", default: "")
      if name.isEmpty || named[name] != nil {
        one.reader.problem(one.node, one.full("name"), name.isEmpty ? "is missing" : "\"\(name)\" is given twice")
      }
      named[name] = one.sections(one.spelled("timeIntervals", or: "intervals")).map(interval)
      one.finish()
    }
    return named
  }

  private static func interval(_ section: SettingsSection) -> CalendarInterval {
    var interval = CalendarInterval()
    interval.times = section.sections("times").compactMap { one in
      let start = one.string(one.spelled("startTime"), default: "00:00")
      let end = one.string(one.spelled("endTime"), default: "24:00")
      one.finish()
      return attempt(one, one.path) { () throws(CalendarInterval.Problem) in
        try CalendarInterval.times(from: start, to: end)
      }
    }
    interval.weekdays = ranges(section, "weekdays", CalendarInterval.weekdays)
    interval.daysOfMonth = ranges(section, "daysOfMonth", CalendarInterval.daysOfMonth)
    interval.months = ranges(section, "months", CalendarInterval.months)
    interval.years = ranges(section, "years", CalendarInterval.years)
    let location = section.string("location", default: "UTC")
    interval.location =
      attempt(section, section.full("location")) { () throws(CalendarInterval.Problem) in
        try CalendarInterval.zone(location)
      } ?? .gmt
    section.finish()
    return interval
  }

  private static func ranges<Range>(
    _ section: SettingsSection, _ key: String, _ parse: (String) throws(CalendarInterval.Problem) -> Range
  ) -> [Range] {
    let key = section.spelled(key)
    return section.strings(key, default: []).compactMap { text in
      attempt(section, section.full(key)) { () throws(CalendarInterval.Problem) in try parse(text) }
    }
  }

  private static func attempt<Value>(
    _ section: SettingsSection, _ key: String, _ work: () throws(CalendarInterval.Problem) -> Value
  ) -> Value? {
    do throws(CalendarInterval.Problem) {
      return try work()
    } catch {
      section.reader.problem(section.node, key, error.description)
      return nil
    }
  }
}
