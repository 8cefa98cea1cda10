import BreakwaterTesting
import ControlModel
import ControlPlane
import Synchronization
import Telemetry
import Testing

/// Stops by the calendar begin by themselves and end with a second person.
@Suite struct `A planned stop` {
  private func plan(
    _ bench: ControlBench, _ id: String = "win_1", in minutes: Int64 = 10, for length: Int64 = 30,
    repeats: PlannedStop.Repeat = .never, scope: ControlScope = .global
  ) -> PlannedStop {
    let now = bench.clock.clocks.now
    return PlannedStop(
      id: id, scope: scope, level: .halted, cancel: .entries, reason: "venue maintenance",
      startsAt: now.adding(milliseconds: minutes * 60_000),
      endsAt: now.adding(milliseconds: (minutes + length) * 60_000), repeats: repeats, createdBy: "ada", createdAt: now)
  }

  private func calendar(_ bench: ControlBench, _ earlier: [PlannedStop] = []) -> PlannedStops {
    let clocks = bench.clock.clocks
    return PlannedStops(
      processor: bench.processor, clocks: clocks, ids: IDSource(seed: 3) { clocks.now }, earlier: earlier,
      remember: { bench.trace.add("kept \($0.id) \($0.control == nil ? "over" : "running")") })
  }

  @Test func `begins at its time and not before, once`() async throws {
    let bench = try await ControlBench.started()
    let calendar = calendar(bench)
    try await calendar.add(plan(bench))
    await calendar.tick()
    #expect(await bench.passes())
    bench.clock.advance(by: .seconds(600))
    for _ in 0..<3 { await calendar.tick() }
    #expect(await bench.passes() == false)
    let control = try #require(bench.processor.current.state.controls.values.first)
    #expect(bench.processor.current.state.controls.count == 1)
    #expect(control.actor == "window:win_1" && control.origin == .platform)
    #expect(control.reviewBy == bench.clock.clocks.now.adding(milliseconds: 30 * 60_000))
  }

  @Test func `when it is over asks for its release in its planner's name, for another admin to decide`() async throws {
    let bench = try await ControlBench.started()
    let calendar = calendar(bench)
    try await calendar.add(plan(bench))
    bench.clock.advance(by: .seconds(600))
    await calendar.tick()
    bench.clock.advance(by: .seconds(1800))
    await calendar.tick()
    await calendar.tick()
    #expect(await bench.passes() == false, "the calendar releases nothing")
    let approvals = bench.processor.current.approvals
    #expect(approvals.map(\.requestedBy) == ["ada"])
    #expect(await refusal { try await bench.approve(approvals[0], by: "ada") } == .approvalSelf)
    try await bench.approve(approvals[0], by: "grace")
    #expect(await bench.passes())
  }

  @Test func `stands beside others it overlaps with`() async throws {
    let bench = try await ControlBench.started()
    let calendar = calendar(bench)
    try await calendar.add(plan(bench))
    try await calendar.add(plan(bench, "win_2", in: 15, scope: Sample.orchid))
    bench.clock.advance(by: .seconds(900))
    await calendar.tick()
    #expect(bench.processor.current.state.controls.count == 2)
  }

  @Test func `comes again by its period, in UTC`() async throws {
    let bench = try await ControlBench.started()
    let daily = plan(bench, repeats: .daily)
    let start = daily.startsAt
    #expect(daily.occurrence(at: bench.clock.clocks.now)?.start == start)
    #expect(daily.occurrence(at: start)?.start == start)
    #expect(daily.occurrence(at: daily.endsAt)?.start == start.adding(milliseconds: 86_400_000))
    #expect(
      daily.occurrence(at: start.adding(milliseconds: 10 * 86_400_000 + 5))?.start
        == start.adding(milliseconds: 10 * 86_400_000))
    #expect(plan(bench).occurrence(at: daily.endsAt) == nil)
  }

  @Test func `begins late after a restart in its middle, and not again after a clock was set back`() async throws {
    let bench = try await ControlBench.started()
    let stop = plan(bench)
    bench.clock.advance(by: .seconds(1200))
    let calendar = calendar(bench, [stop])
    await calendar.tick()
    #expect(await bench.passes() == false)
    let begun = try #require(await calendar.all.first)
    #expect(begun.begun == stop.startsAt)
    bench.clock.jumpWall(by: .seconds(-300))
    let next = self.calendar(bench, [begun])
    await next.tick()
    #expect(bench.processor.current.state.controls.count == 1)
  }

  @Test func `is refused when it cannot be meant`() async throws {
    let bench = try await ControlBench.started()
    for (length, repeats) in [(0, PlannedStop.Repeat.never), (8 * 1440, .never), (1440, .daily)]
      as [(Int64, PlannedStop.Repeat)]
    {
      #expect(throws: Refusal.self) { try plan(bench, for: length, repeats: repeats).validated() }
    }
    #expect(throws: Refusal.self) { try plan(bench, in: -60, for: 30).validated() }
    let calendar = calendar(bench)
    #expect(await refusal { try await calendar.remove("win_9") } == .notFound)
  }
}
