import ControlModel
import PromQL
import Testing

@testable import Alerting

/// Who is told what and when.
@Suite struct `The dispatcher` {
  /// A dispatcher with a desk of alerts that a test switches on and off.
  private struct Room {
    var dispatcher: Dispatcher
    var active: [String: Alert] = [:]
    var silences = SilenceSet()
    var now = noon
    var told: [Dispatcher.Told] = []

    init(_ tree: RoutingTree, receivers: [Receiver]? = nil) {
      let names = tree.receiverNames.sorted()
      dispatcher = Dispatcher(tree, receivers: receivers ?? names.map { Receiver(name: $0, webhook: "http://\($0)") })
    }

    /// Lets some alerts fire and some end, and says who is told: `chat new: Down firing`.
    mutating func turn(_ began: [Alert] = [], end ended: [Alert] = [], after seconds: Int64 = 0) -> [String] {
      now = now.plus(seconds: seconds)
      for alert in began { active[alert.fingerprint] = alert }
      for alert in ended { active[alert.fingerprint] = nil }
      let transitions =
        began.map { AlertDesk.Transition(what: .firing, alert: $0, at: now) }
        + ended.map { AlertDesk.Transition(what: .resolved, alert: $0, at: now) }
      let turn = dispatcher.turn(transitions, active: Array(active.values), silences: silences, at: now)
      told += turn.told
      return turn.notifications.map { notification in
        let alerts = notification.alerts.map { "\($0.name) \($0.isFiring ? "firing" : "resolved")" }.sorted()
        return "\(notification.receiver) \(notification.cause.rawValue): \(alerts.joined(separator: ", "))"
      }.sorted()
    }
  }

  private func tree(_ change: (inout RoutingTree.Node) throws -> Void = { _ in }, _ inhibitions: [Inhibition] = [])
    rethrows
    -> RoutingTree
  {
    var root = RoutingTree.Node()
    root.receivers = ["chat"]
    try change(&root)
    return RoutingTree(root: root, inhibitions: inhibitions)
  }

  @Test func `tells at once of what fires and of its end, each once`() throws {
    var room = Room(try tree())
    let (a, b) = (try firing("A"), try firing("B"))
    #expect(room.turn([a, b]) == ["chat new: A firing", "chat new: B firing"])
    #expect(room.turn(after: 1) == [])
    #expect(room.turn(end: [a], after: 1) == ["chat resolved: A resolved"])
    #expect(room.turn(after: 5) == [])
    #expect(room.turn([a], after: 1) == ["chat new: A firing"])
  }

  @Test func `says again what still fires after the repeat interval`() throws {
    var room = Room(tree { $0.repeatIntervalMilliseconds = 60_000 })
    let a = try firing("A")
    #expect(room.turn([a]) == ["chat new: A firing"])
    #expect(room.turn(after: 59) == [])
    #expect(room.turn(after: 1) == ["chat repeat: A firing"])
    #expect(room.turn(after: 60) == ["chat repeat: A firing"])
  }

  @Test func `waits for a group's others, then for its interval`() throws {
    var room = Room(
      tree {
        $0.groupBy = .labels(["tenant"])
        $0.groupWaitMilliseconds = 10_000
        $0.groupIntervalMilliseconds = 60_000
      })
    let a = try firing("A", #"tenant="t""#)
    let b = try firing("B", #"tenant="t""#)
    let other = try firing("C", #"tenant="u""#)
    #expect(room.turn([a]) == [])
    #expect(room.turn([b, other], after: 5) == [])
    #expect(room.turn(after: 5) == ["chat new: A firing, B firing"])
    #expect(room.turn(after: 5) == ["chat new: C firing"])
    let late = try firing("D", #"tenant="t""#)
    #expect(room.turn([late], end: [a], after: 5) == [], "the interval is not over")
    #expect(room.turn(after: 50) == ["chat new: A resolved, B firing, D firing"])
    #expect(room.turn(end: [b, late], after: 1) == [])
    #expect(room.turn(after: 60) == ["chat resolved: B resolved, D resolved"])
  }

  @Test func `never tells of an alert that ended while its group waited`() throws {
    var room = Room(tree { $0.groupWaitMilliseconds = 10_000 })
    let a = try firing("A")
    #expect(room.turn([a]) == [])
    #expect(room.turn(end: [a], after: 5) == [])
    #expect(room.turn(after: 30) == [])
  }

  @Test func `does not tell of silenced alerts until the silence ends, and tells the end of what was told`() throws {
    var room = Room(try tree())
    let (a, b) = (try firing("A"), try firing("B"))
    #expect(room.turn([a]) == ["chat new: A firing"])
    room.silences.put(try silence("alertname=~A|B", minutes: 10))
    #expect(room.turn([b], after: 1) == [])
    #expect(room.turn(end: [a], after: 1) == ["chat resolved: A resolved"], "whoever heard of it hears of its end")
    #expect(room.turn(after: 590) == [])
    #expect(room.turn(after: 10) == ["chat new: B firing"])
    room.silences.put(try silence("alertname=B", id: "sil_2", from: room.now, minutes: 10))
    #expect(room.turn(after: 1) == [])
    #expect(room.turn(after: 601) == ["chat new: B firing"], "what returns from a silence is news")
  }

  @Test func `tells of the watchdog and of alerts that act, silenced or not`() throws {
    var room = Room(try tree())
    room.silences.put(try silence("alertname=~.+"))
    let acting = try firing("OrderPlacedWhileHalted", #"control_mode="auto",severity="critical""#)
    #expect(room.turn([acting, try firing("Slow")]) == ["chat new: OrderPlacedWhileHalted firing"])
  }

  @Test func `tells of severity none only by a route that names it`() throws {
    let watchdog = try firing("Watchdog", #"severity="none""#)
    var room = Room(try tree())
    #expect(room.turn([watchdog]) == [])
    var named = Room(
      try tree { root in
        var heartbeat = RoutingTree.Node()
        heartbeat.matchers = try LabelMatchers(["alertname=Watchdog"])
        heartbeat.receivers = ["snitch"]
        heartbeat.repeatIntervalMilliseconds = 60_000
        root.children = [heartbeat]
      })
    named.silences.put(try silence("alertname=~.+"))
    #expect(named.turn([watchdog]) == ["snitch new: Watchdog firing"])
    #expect(named.turn(after: 60) == ["snitch repeat: Watchdog firing"])
  }

  @Test func `does not tell of what another alert explains`() throws {
    let inhibition = Inhibition(
      source: try LabelMatchers(["alertname=BackendDown"]), target: try LabelMatchers(["severity=warning"]),
      equal: ["upstream"])
    var room = Room(tree({ _ in }, [inhibition]))
    let down = try firing("BackendDown", #"severity="critical",upstream="a""#)
    let slow = try firing("Slow", #"severity="warning",upstream="a""#)
    let elsewhere = try firing("Slow", #"severity="warning",upstream="b""#)
    #expect(
      room.turn([down, slow, elsewhere]) == ["chat new: BackendDown firing", "chat new: Slow firing"])
    #expect(
      room.turn(end: [down], after: 1) == ["chat new: Slow firing", "chat resolved: BackendDown resolved"],
      "what is no longer explained is told")
  }

  @Test func `an alert that is source and target does not silence itself or its like`() throws {
    let inhibition = Inhibition(
      source: try LabelMatchers(["severity=critical"]), target: try LabelMatchers(["severity=~critical|warning"]),
      equal: [])
    var room = Room(tree({ _ in }, [inhibition]))
    let (a, b) = (try firing("A", #"severity="critical""#), try firing("B", #"severity="critical""#))
    let warning = try firing("C", #"severity="warning""#)
    #expect(room.turn([a, b, warning]) == ["chat new: A firing", "chat new: B firing"])
  }

  @Test func `outside a route's hours tells nobody, and at their beginning what still fires`() throws {
    var hours = CalendarInterval()
    hours.times = [try CalendarInterval.times(from: "13:00", to: "14:00")]
    var route = RoutingTree.Node()
    route.matchers = try LabelMatchers(["severity=warning"])
    route.activeTimes = ["hours"]
    var root = RoutingTree.Node()
    root.receivers = ["chat"]
    root.children = [route]
    var room = Room(RoutingTree(root: root, intervals: ["hours": [hours]]))
    let slow = try firing("Slow", #"severity="warning""#)
    let acting = try firing("Acts", #"severity="warning",control_mode="auto""#)
    #expect(room.turn([slow, acting]) == ["chat new: Acts firing"])
    #expect(room.turn(after: 3599) == [])
    #expect(room.turn(after: 2) == ["chat new: Slow firing"])
  }

  @Test func `over a restart tells nobody twice and everybody of ends`() throws {
    var before = Room(try tree())
    let (a, b) = (try firing("A"), try firing("B"))
    _ = before.turn([a, b])
    let known = Dictionary(before.told.map { ($0.key, $0) }, uniquingKeysWith: { $1 }).values
    var after = before
    after.dispatcher = Dispatcher(
      try tree(), receivers: [Receiver(name: "chat", webhook: "http://chat")], told: Array(known))
    after.dispatcher.restore([a, b], at: after.now)
    #expect(after.turn(after: 1) == [])
    #expect(after.turn(end: [b], after: 1) == ["chat resolved: B resolved"])
  }

  @Test func `does not send ends to a receiver that does not want them`() throws {
    var room = Room(
      try tree(), receivers: [Receiver(name: "chat", kind: .webhook(url: "http://chat"), sendsResolved: false)])
    let a = try firing("A")
    #expect(room.turn([a]) == ["chat new: A firing"])
    #expect(room.turn(end: [a], after: 1) == [])
    #expect(room.turn([a], after: 1) == ["chat new: A firing"])
  }

  @Test func `keeps what receivers know only while it matters`() throws {
    var room = Room(try tree())
    let a = try firing("A")
    _ = room.turn([a])
    #expect(room.told.last?.firing == [a.fingerprint])
    _ = room.turn(end: [a], after: 1)
    #expect(room.told.last?.isEmpty == true)
    #expect(room.dispatcher.groupCount == 0)
  }

  @Test func `a thousand alerts in one group are one message that says what it leaves out`() throws {
    var room = Room(tree { $0.groupBy = .labels(["alertname"]) })
    let alerts = try (0..<250).map { try firing("A", "n=\"\($0)\"") }
    let now = room.now
    let transitions = alerts.map { AlertDesk.Transition(what: .firing, alert: $0, at: now) }
    let turn = room.dispatcher.turn(transitions, active: alerts, silences: SilenceSet(), at: now)
    #expect(turn.notifications.count == 1)
    #expect(turn.notifications.first?.alerts.count == 100 && turn.notifications.first?.truncated == 150)
  }
}
