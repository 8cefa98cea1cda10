import AdminAPI
import Alerting
import BreakwaterTesting
import ControlModel
import MetricStore
import PromQL
import Store
import Telemetry
import Testing

/// Alerts over a kill -9: what was written is all there is.
@Suite struct `Alerts over a restart` {
  /// One process: a desk on an empty store over the same control store.
  private struct Process {
    let clock: TestClock
    let series = MetricStore(metrics: MetricRegistry())
    let desk: AlertDesk
    let memory: AlertMemory

    init(_ path: String, _ clock: TestClock) throws {
      self.clock = clock
      let store = try SQLiteControlStore(path, clocks: clock.clocks, metrics: MetricRegistry())
      memory = AlertMemory(store)
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
      desk.restore(memory.recall(at: clock.clocks.now), at: clock.clocks.now)
    }

    /// A second with `m` at `value`, remembered as the product does.
    func second(_ value: Double) async throws -> [String] {
      let now = clock.clocks.now
      if let reference = series.reference(try Labels([("__name__", "m")])) {
        series.append([(reference, value)], at: now.unixMilliseconds)
      }
      let changes = desk.tick(at: now).map { "\($0.what.rawValue) \($0.alert.name)" }
      await memory.keep(desk.records, at: now)
      clock.advance(by: .seconds(1))
      return changes
    }
  }

  private let folder: TemporaryFolder
  private let clock = TestClock()

  init() throws { folder = try TemporaryFolder() }

  private func process() throws -> Process { try Process(folder.file("control.sqlite"), clock) }

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
    clock.advance(by: .milliseconds(AlertMemory.outageMilliseconds + 1))
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
}
