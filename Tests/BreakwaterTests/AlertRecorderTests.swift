import AdminAPI
import Alerting
import BreakwaterTesting
import ControlModel
import GRDB
import MetricStore
import PromQL
import Store
import Synchronization
import Telemetry
import Testing

/// Messages that were handed on.
private final class Handed: Sendable {
  private let all = Mutex<[Delivery]>([])

  func add(_ deliveries: [Delivery]) { all.withLock { $0 += deliveries } }
  var names: [String] { all.withLock { $0.map { $0.notification.alerts[0].name } } }
}

/// Alerts over a kill -9: what was written is all there is.
@Suite struct `Alerts over a restart` {
  /// One process: a desk on an empty store over the same control store.
  private struct Process {
    let clock: TestClock
    let series = MetricStore(metrics: MetricRegistry())
    let desk: AlertDesk
    let recorder: AlertRecorder
    let handed: Handed
    let metrics = MetricRegistry()

    init(_ path: String, _ clock: TestClock) throws {
      self.clock = clock
      recorder = AlertRecorder(
        try AlertStore(path, clocks: clock.clocks, metrics: MetricRegistry()), clocks: clock.clocks, metrics: metrics)
      let handed = Handed()
      self.handed = handed
      recorder.onDurable { handed.add($0) }
      let rules = """
        groups:
        - name: g
          rules:
          - { alert: Slow, expr: m > 0, for: 10s }
          - { alert: Quick, expr: m > 0, labels: { severity: critical } }
        """
      desk = AlertDesk(
        try RuleFile.parse(rules, file: "r.yml"), settings: AlertDesk.Settings(), store: series, clocks: clock.clocks,
        metrics: MetricRegistry())
      desk.restore(recorder.recall(at: clock.clocks.now).records, at: clock.clocks.now)
    }

    /// A second with `m` at `value`, remembered as the product does.
    func second(_ value: Double) async throws -> [String] {
      let now = clock.clocks.now
      if let reference = series.reference(try Labels([("__name__", "m")])) {
        series.append([(reference, value)], at: now.unixMilliseconds)
      }
      let changes = desk.tick(at: now).filter { $0.what != .dropped }.map { "\($0.what.rawValue) \($0.alert.name)" }
      var records = AlertRecorder.Changes()
      records.records = desk.records
      recorder.submit(records)
      await recorder.settle()
      clock.advance(by: .seconds(1))
      return changes
    }
  }

  private let folder: TemporaryFolder
  private let clock = TestClock()

  init() throws { folder = try TemporaryFolder() }

  private func process() throws -> Process { try Process(folder.file("alerts.sqlite"), clock) }

  @Test func `what was pending goes on waiting, what fired stays and is not announced again`() async throws {
    let old = try process()
    #expect(try await old.second(1) == ["pending Slow", "firing Quick"])
    for _ in 0..<5 { #expect(try await old.second(1) == []) }
    clock.advance(by: .seconds(2))
    let new = try process()
    #expect(new.desk.alerts.map(\.name) == ["Quick", "Slow"])
    #expect(try await new.second(1) == [])
    #expect(try await new.second(1) == [])
    #expect(try await new.second(1) == ["firing Slow"])
    #expect(try await new.second(0) == ["resolved Slow", "resolved Quick"])
    #expect(try process().desk.alerts.isEmpty, "what has ended is forgotten")
  }

  @Test func `after a long outage what was pending starts anew, and what fired is still known`() async throws {
    let old = try process()
    _ = try await old.second(1)
    clock.advance(by: .milliseconds(AlertRecorder.outageMilliseconds + 1))
    let new = try process()
    #expect(new.desk.alerts.map(\.name) == ["Quick"])
    #expect(try await new.second(1) == ["pending Slow"])
  }

  @Test func `a pending alert that was dropped is not remembered`() async throws {
    let old = try process()
    _ = try await old.second(1)
    _ = try await old.second(0)
    #expect(try process().desk.alerts.isEmpty)
  }

  @Test func `an unchanged state that was long kept does not count as an outage`() async throws {
    let old = try process()
    for _ in 0..<9 { _ = try await old.second(1) }
    let slow = try #require(old.desk.alerts.first { $0.name == "Slow" })
    for _ in 0..<400 { _ = try await old.second(1) }
    let new = try process()
    #expect(new.desk.alert(slow.fingerprint)?.activeAt == slow.activeAt)
    #expect(new.desk.alert(slow.fingerprint)?.state == .firing)
  }

  private func message(_ name: String) -> Alerting.Notification {
    Alerting.Notification.test(name, by: "ann", at: clock.clocks.now)
  }

  private func changes(_ messages: Alerting.Notification...) -> AlertRecorder.Changes {
    var changes = AlertRecorder.Changes()
    changes.notifications = messages
    return changes
  }

  @Test func `a message is handed on after it is written, and sent again unless its end is written too`() async throws {
    let old = try process()
    let (a, b) = (message("a"), message("b"))
    old.recorder.submit(changes(a, b))
    #expect(old.handed.names.isEmpty)
    await old.recorder.settle()
    #expect(old.handed.names.count == 2)
    await old.recorder.note(Delivery(a, status: .sent, attempts: 1, finishedAt: clock.clocks.now))
    let new = try process().recorder.recall(at: clock.clocks.now)
    #expect(new.queued.map(\.notification) == [b], "under the same key")
  }

  @Test func `a message noted as sent stays sent`() async throws {
    let process = try process()
    let a = message("a")
    await process.recorder.note(Delivery(a, status: .sent, attempts: 1, finishedAt: clock.clocks.now))
    process.recorder.submit(changes(a))
    await process.recorder.settle()
    #expect(try self.process().recorder.recall(at: clock.clocks.now).queued.isEmpty)
  }

  @Test func `a message waits a second for a disk that hangs, and is then handed on unwritten`() async throws {
    let process = try process()
    process.recorder.submit(changes(message("a")))  // nobody writes
    clock.advance(by: .milliseconds(1001))
    process.recorder.submit(AlertRecorder.Changes())
    #expect(process.handed.names == ["NotificationTest"])
    #expect(process.metrics.counter(MetricCatalog.notificationsUnwritten).value == 1)
    await process.recorder.settle()
    #expect(process.handed.names.count == 1, "once")
  }

  @Test func `a store that fails keeps no message back, and what it missed is written later`() async throws {
    let process = try process()
    try await process.recorder.store.database.write {
      try $0.execute(sql: "CREATE TRIGGER broken BEFORE INSERT ON alert_state BEGIN SELECT RAISE(ABORT, 'broken'); END")
    }
    process.recorder.submit(changes(message("a")))
    await process.recorder.settle()
    #expect(process.handed.names.count == 1)
    #expect(process.metrics.counter(MetricCatalog.alertWriteFailures).value == 1)
    try await process.recorder.store.database.write { try $0.execute(sql: "DROP TRIGGER broken") }
    process.recorder.note(
      AlertHistoryRecords.Entry(
        at: clock.clocks.now, fingerprint: "f", name: "A", severity: "critical", what: "firing", value: "1",
        tenant: nil, labels: ["a": "b"], summary: "s"))
    await process.recorder.settle()
    let found = try await process.recorder.store.database.read { try AlertHistoryRecords.search(.init(), in: $0) }
    #expect(found.map(\.what) == ["firing"] && found.first?.labels == ["a": "b"])
    #expect(process.handed.names.count == 1)
  }
}
