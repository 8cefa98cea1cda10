import BreakwaterTesting
import ControlModel
import Foundation
import Store
import Testing

/// Each property of a history, kept and broken.
@Suite struct `A history` {
  /// Lines of a history in short: events with their members set by a closure, one nanosecond apart.
  private func history(_ events: [(HistoryEvent.Kind, (inout HistoryEvent) -> Void)]) -> [HistoryEvent] {
    events.enumerated().map { index, line in
      var event = HistoryEvent(line.0, at: Int64(index + 1) * 1000, replica: "r1", run: "run1")
      line.1(&event)
      return event
    }
  }

  private typealias Line = (HistoryEvent.Kind, (inout HistoryEvent) -> Void)

  private func order(_ id: String, tenant: String = "orchid", reducing: Bool = false) -> Line {
    (
      .orderStart,
      { event in
        (event.order, event.tenant, event.profile) = (id, tenant, "scalper-1")
        (event.venue, event.symbol, event.reducing) = ("paper", "IBM", reducing)
      }
    )
  }

  private func requested(_ id: String, tenant: String? = nil, level: String = "halted") -> Line {
    (.stopRequested, { ($0.control, $0.tenant, $0.level) = (id, tenant, level) })
  }
  private func committed(_ id: String, epoch: UInt64, audit: Int64? = nil) -> Line {
    (.stopCommitted, { ($0.control, $0.epoch, $0.audit) = (id, epoch, audit ?? Int64(epoch)) })
  }
  private func sealed(_ id: String, state: String = "sealed", durability: String = "committed") -> Line {
    (.stopSealed, { ($0.control, $0.state, $0.durability) = (id, state, durability) })
  }
  private func begin(_ id: String) -> Line { (.releaseBegin, { $0.controls = [id] }) }
  private func released(
    _ id: String, epoch: UInt64, by: String = "ada", and second: String? = "grace", expecting: UInt64? = nil
  ) -> Line {
    (
      .releaseCommitted,
      { event in
        (event.controls, event.epoch, event.expecting, event.audit) = (
          [id], epoch, expecting ?? epoch - 1, Int64(epoch)
        )
        (event.by, event.approvedBy) = (by, second)
      }
    )
  }
  private func boot(_ run: String = "run1", bound: Int64 = 3_100) -> Line {
    (.boot, { ($0.run, $0.boundMs, $0.approvals) = (run, bound, true) })
  }
  private func opened(_ controls: [String], run: String = "run1") -> Line {
    (.opened, { ($0.controls, $0.run) = (controls, run) })
  }

  private func found(_ lines: [Line]) -> [String] {
    HistoryCheck.check(history(lines)).violations.map(\.property)
  }

  @Test func `is sound when orders stay between release and stop`() {
    let lines = [
      boot(), opened([]), order("a"), requested("c1"), order("b"), committed("c1", epoch: 1), sealed("c1"),
      begin("c1"), order("c"), released("c1", epoch: 2), order("d"),
    ]
    let report = HistoryCheck.check(history(lines))
    #expect(report.isSound && report.orders == 4 && report.stops == 1 && report.releases == 1 && report.runs == 1)
  }

  @Test func `shows an order that starts under a sealed stop, with both lines`() {
    let report = HistoryCheck.check(history([requested("c1"), sealed("c1"), order("a")]))
    #expect(report.violations.map(\.property) == ["P1"] && report.violations[0].lines == [2, 3])
    #expect(found([requested("c1", tenant: "heron"), sealed("c1"), order("a")]).isEmpty)
    #expect(found([requested("c1", tenant: "orchid"), sealed("c1"), order("a")]) == ["P1"])
    #expect(found([requested("c1", level: "reduceOnly"), sealed("c1"), order("a", reducing: true)]).isEmpty)
    #expect(found([requested("c1", level: "reduceOnly"), sealed("c1"), order("a")]) == ["P1"])
    #expect(found([requested("c1"), sealed("c1", state: "accepted"), order("a")]).isEmpty)
    #expect(
      found([requested("c1"), sealed("c1"), begin("c1"), (.releaseFailed, { $0.controls = ["c1"] }), order("a")]) == [
        "P1"
      ])
    #expect(found([requested("c1"), requested("c2"), sealed("c1"), sealed("c2"), begin("c1"), order("a")]) == ["P1"])
  }

  @Test func `shows an order that only the venue knows of`() {
    let took: Line = (.venueTook, order("a").1)
    #expect(found([requested("c1"), sealed("c1"), took]) == ["P1"])
    #expect(found([order("a"), requested("c1"), sealed("c1"), took]).isEmpty)
    // Its clock is behind the gate's.
    let stage = stage(["orchid/scalper-1"], "reduceOnly", epoch: 2)
    #expect(found(stopped + [stage, took, order("a", reducing: true)]).isEmpty)
  }

  @Test func `shows an acknowledged stop that a start does not know`() {
    let lines = [boot(), requested("c1"), committed("c1", epoch: 1), sealed("c1"), boot("run2")]
    #expect(found(lines + [opened(["c1"], run: "run2")]).isEmpty)
    #expect(found(lines + [opened([], run: "run2")]) == ["P2"])
    #expect(
      found([requested("c1"), sealed("c1", durability: "pending"), boot("run2"), opened([], run: "run2")]).isEmpty)
  }

  @Test func `shows epochs used twice or left out`() {
    #expect(found([committed("c1", epoch: 1), committed("c2", epoch: 1, audit: 2)]).contains("P3"))
    #expect(found([boot(), committed("c1", epoch: 1), committed("c2", epoch: 3)]) == ["P3"])
  }

  @Test func `has an epoch without a line where a stop or a release may have taken it unheard`() {
    let failed: Line = (.releaseFailed, { ($0.controls, $0.expecting) = (["c1"], 1) })
    func begin(at expecting: UInt64) -> Line { (.releaseBegin, { ($0.controls, $0.expecting) = (["c1"], expecting) }) }
    let before = [boot(), requested("c1"), committed("c1", epoch: 1)]
    let after = committed("c3", epoch: 3)
    #expect(found(before + [begin(at: 1), after]).isEmpty)
    #expect(found(before + [begin(at: 1), begin(at: 1), failed, after]).isEmpty)
    #expect(found(before + [begin(at: 1), failed, after]) == ["P3"])
    #expect(found(before + [begin(at: 0), after]) == ["P3"])
    #expect(found(before + [requested("c2"), after]).isEmpty)
    #expect(found(before + [requested("c2"), committed("c4", epoch: 4)]) == ["P3"])
  }

  @Test func `has a stop released by a release without an end, whatever became of another`() {
    let failed: Line = (.releaseFailed, { $0.controls = ["c1"] })
    let stop = [boot(), requested("c1"), committed("c1", epoch: 1), sealed("c1")]
    let next = [boot("run2"), opened([], run: "run2"), order("a")]
    #expect(found(stop + [begin("c1"), begin("c1"), failed] + next).isEmpty)
    #expect(found(stop + [begin("c1"), failed, begin("c1"), failed] + next) == ["P1", "P2"])
  }

  @Test func `shows a release by one person, or decided at another epoch`() {
    let stop = [requested("c1"), committed("c1", epoch: 1), sealed("c1"), begin("c1")]
    #expect(found(stop + [released("c1", epoch: 2)]).isEmpty)
    #expect(found(stop + [released("c1", epoch: 2, and: nil)]) == ["P4"])
    #expect(found(stop + [released("c1", epoch: 2, and: "ada")]) == ["P4"])
    #expect(found(stop + [released("c1", epoch: 2, expecting: 0)]) == ["P4"])
    let breakGlass: Line = (
      .releaseCommitted,
      { ($0.controls, $0.epoch, $0.expecting, $0.by, $0.breakGlass, $0.audit) = (["c1"], 2, 1, "ada", true, 2) }
    )
    #expect(found(stop + [breakGlass]).isEmpty)
  }

  private func stage(
    _ profiles: [String], _ level: String, epoch: UInt64, by: String = "ada", and second: String? = "grace",
    on replica: String = "r1"
  ) -> Line {
    (
      .stageOpened,
      { event in
        (event.controls, event.profiles, event.level, event.replica) = (["c1"], profiles, level, replica)
        (event.epoch, event.expecting, event.audit) = (epoch, epoch - 1, Int64(epoch))
        (event.by, event.approvedBy) = (by, second)
      }
    )
  }
  private let closed: Line = (.stageClosed, { $0.controls = ["c1"] })
  private let tripped: Line = (.stageTripped, { ($0.epoch, $0.expecting, $0.audit) = (3, 2, 3) })
  private func at(_ expecting: UInt64) -> Line { (.transitionBegin, { $0.expecting = expecting }) }
  private var stopped: [Line] { [boot(), requested("c1"), committed("c1", epoch: 1), sealed("c1")] }

  @Test func `of a staged release is sound while orders keep to their stage`() {
    let lines =
      stopped + [
        at(1), stage(["orchid/scalper-1"], "reduceOnly", epoch: 2), order("a", reducing: true), at(2),
        stage(["orchid/scalper-1"], "active", epoch: 3), order("b"), order("c", reducing: true), begin("c1"),
        released("c1", epoch: 4), order("d", tenant: "heron"),
      ]
    #expect(found(lines).isEmpty)
    #expect(found(stopped + [stage(["orchid/scalper-1"], "active", epoch: 2), closed, tripped]).isEmpty)
  }

  @Test
  func `shows an order that goes further than its stage, another profile's, one elsewhere, and one after it closed`() {
    let reducing = stage(["orchid/scalper-1"], "reduceOnly", epoch: 2)
    let active = stage(["orchid/scalper-1"], "active", epoch: 2)
    #expect(found(stopped + [reducing, order("a")]) == ["P1"])
    #expect(found(stopped + [active, order("a", tenant: "heron")]) == ["P1"])
    #expect(found(stopped + [stage(["orchid/scalper-1"], "active", epoch: 2, on: "r2"), order("a")]) == ["P1"])
    #expect(found(stopped + [active, closed, tripped, order("a")]) == ["P1"])
    #expect(found(stopped + [active, boot("run2"), opened(["c1"], run: "run2"), order("a")]) == ["P1"])
    // A second stop of the same scope is not part of the release.
    let second: [Line] = [requested("c2"), committed("c2", epoch: 3), sealed("c2")]
    #expect(found(stopped + [active] + second + [order("a")]) == ["P1"])
  }

  @Test func `shows a stage or a flattening that one person decided`() {
    #expect(found(stopped + [stage(["orchid/scalper-1"], "active", epoch: 2, and: nil)]) == ["P4"])
    #expect(found(stopped + [stage(["orchid/scalper-1"], "active", epoch: 2, and: "ada")]) == ["P4"])
    #expect(found(stopped + [granted(and: "olive")]) == ["P4"])
  }

  private func granted(_ control: String = "c1", and second: String = "grace") -> Line {
    (
      .exitsGranted,
      { event in
        (event.controls, event.epoch, event.expecting, event.audit) = ([control], 2, 1, 2)
        (event.by, event.approvedBy) = ("olive", second)
      }
    )
  }
  private func exit(_ id: String, of controls: [String], reducing: Bool = true) -> Line {
    let start = order(id, reducing: reducing)
    return (
      .orderStart,
      {
        start.1(&$0)
        $0.controls = controls
      }
    )
  }

  @Test func `of a flattening is sound while its orders name the stop that lets them pass`() {
    let withdrawn: Line = (.exitsWithdrawn, { $0.controls = ["c1"] })
    #expect(found(stopped + [at(1), granted(), exit("a", of: ["c1"]), withdrawn]).isEmpty)
    #expect(found(stopped + [exit("a", of: ["c1"])]) == ["P1"])
    #expect(found(stopped + [granted(), order("a", reducing: true)]) == ["P1"])
    #expect(found(stopped + [granted(), exit("a", of: ["c1"], reducing: false)]) == ["P1"])
    #expect(found(stopped + [granted(), withdrawn, exit("a", of: ["c1"])]) == ["P1"])
    #expect(found(stopped + [granted(), exit("a", of: ["c2"])]) == ["P1"])
    let second: [Line] = [requested("c2"), committed("c2", epoch: 3), sealed("c2")]
    #expect(found(stopped + [granted()] + second + [exit("a", of: ["c1", "c2"])]) == ["P1"])
  }

  @Test func `has an epoch without a line where a stage may have taken it unheard`() {
    let refused: Line = (.transitionFailed, { $0.expecting = 1 })
    let next = [requested("c2"), committed("c2", epoch: 3), sealed("c2")]
    #expect(found(stopped + [at(1)] + next).isEmpty)
    #expect(found(stopped + [at(1), refused] + next) == ["P3"])
  }

  @Test func `shows a stop that took too long, unless its process stood still`() {
    let late: Line = (.stopSealed, { ($0.control, $0.state, $0.at) = ("c1", "sealed", 5_000_000_000) })
    #expect(found([boot(), requested("c1"), late]) == ["P5"])
    #expect(found([boot(), requested("c1"), (.stall, { $0.count = 4_000 }), late]).isEmpty)
    #expect(found([boot(bound: 6_000), requested("c1"), late]).isEmpty)
  }

  @Test(arguments: [(10, -4, 6, true), (10, -10, 0, true), (10, -12, -2, false), (0, 5, 5, false), (-3, -1, -4, false)])
  func `shows a reducing order that grows or turns a position`(before: Int64, change: Int64, after: Int64, isFine: Bool)
  {
    let fill: Line = (.orderFill, { ($0.order, $0.change, $0.position) = ("a", change, after) })
    #expect(found([order("a", reducing: true), fill]) == (isFine ? [] : ["P6"]))
    #expect(found([order("a"), fill]).isEmpty)
  }

  @Test func `shows transitions that share an audit entry or are logged out of order`() {
    #expect(found([committed("c1", epoch: 1, audit: 4), committed("c2", epoch: 2, audit: 4)]) == ["P7"])
    #expect(found([committed("c1", epoch: 1, audit: 5), committed("c2", epoch: 2, audit: 4)]) == ["P7"])
  }

  @Test func `shows a protective order taken back by a stop that keeps them`() {
    func cancel(_ mode: String) -> Line {
      (.orderCancel, { ($0.order, $0.protective, $0.mode, $0.control) = ("a", true, mode, "c1") })
    }
    #expect(found([requested("c1"), cancel("entries")]) == ["P8"])
    #expect(found([requested("c1"), cancel("all")]).isEmpty)
  }

  @Test func `says how much of it is missing`() {
    #expect(HistoryCheck.check(history([(.gap, { $0.count = 7 })])).missing == 7)
  }

  @Test func `is read from lines, and a line cut short by a crash at its end is left out`() throws {
    let folder = try TemporaryFolder()
    let replica = try #require(ReplicaID("r1"))
    #expect(throws: StoreFailure.self) { try HistoryCheck.read(Data("{}\n{}\n".utf8)) }
    #expect(throws: StoreFailure.self) {
      try HistoryRecorder(folder.file("no/such/folder"), replica: replica, run: "a", monotonic: { 1 })
    }
    #expect(try HistoryCheck.read(Data()).isEmpty)
  }

  @Test func `is written by its recorder line by line, and found again`() async throws {
    let folder = try TemporaryFolder()
    let replica = try #require(ReplicaID("r1"))
    let recorder = try HistoryRecorder(folder.path, replica: replica, run: "a", monotonic: { 42 })
    for index in 0..<50 {
      var event = HistoryEvent(.orderStart)
      event.order = "order-\(index)"
      recorder.record(event)
    }
    await recorder.flush()
    let bytes = try Data(contentsOf: URL(fileURLWithPath: folder.file(HistoryRecorder.fileName)))
    let events = try HistoryCheck.read(bytes)
    #expect(events.count == 50 && events[49].order == "order-49" && events[0].at == 42 && events[0].replica == "r1")
    #expect(try HistoryCheck.read(bytes.dropLast(5)).count == 49)
  }

  @Test func `is continued after a line that a crash cut short`() async throws {
    let folder = try TemporaryFolder()
    let path = folder.file(HistoryRecorder.fileName)
    let replica = try #require(ReplicaID("r1"))
    func add(_ run: String) async throws -> [String] {
      let recorder = try HistoryRecorder(folder.path, replica: replica, run: run, monotonic: { 42 })
      recorder.record(HistoryEvent(.boot))
      await recorder.flush()
      return try HistoryCheck.read(Data(contentsOf: URL(fileURLWithPath: path))).map(\.run)
    }
    #expect(try await add("a") == ["a"])
    let whole = try Data(contentsOf: URL(fileURLWithPath: path))
    try (whole + whole.dropLast(5)).write(to: URL(fileURLWithPath: path))
    #expect(try await add("b") == ["a", "b"])
    try Data(whole.dropLast(1)).write(to: URL(fileURLWithPath: path))
    #expect(try await add("c") == ["c"])
  }

  @Test func `of 100,000 events with 1,000 stops in force is judged in one pass`() {
    var lines: [Line] = []
    for index in 0..<1000 { lines += [requested("c\(index)", tenant: "t\(index)"), sealed("c\(index)")] }
    for index in 0..<98_000 { lines.append(order("o\(index)")) }
    let report = HistoryCheck.check(history(lines))
    #expect(report.isSound && report.orders == 98_000)
  }
}
