import BreakwaterTesting
import ControlModel
import Telemetry
import Testing
import TradingRuntime

/// Waiting until every order that passed under an older state has left.
@Suite(.serialized) struct `Draining` {
  private let gate: OrderGate

  init() {
    gate = OrderGate()
    gate.publish(ControlState())
    gate.setHeld(false)
  }

  private func enter(_ profile: ProfileID = Named.scalper) throws -> GatePass {
    let seat = gate.seat(Named.orchid, profile)
    guard case .passed(let pass) = gate.enter(seat, venue: Named.paper, symbol: Named.aapl, isReducing: false) else {
      throw Surprise("the gate is closed")
    }
    return pass
  }

  private func drain(giveUpAfter attempts: Int = .max) async -> Int? {
    let tried = Tally()
    return await gate.drain(
      hasTimedOut: { tried.count >= attempts },
      pause: { _ in
        tried.add()
        await Task.yield()
      })
  }

  @Test func `of an idle gate is over at once`() async {
    #expect(await drain(giveUpAfter: 0) == 0)
  }

  @Test func `waits for each open section and says how many there were`() async throws {
    let (first, second) = (try enter(), try enter())
    #expect(await drain(giveUpAfter: 10) == nil)
    gate.leave(first)
    #expect(await drain(giveUpAfter: 10) == nil)
    gate.leave(second)
    #expect(await drain() == 0)
  }

  @Test func `waits for the sections of every profile, whichever is the last`() async throws {
    let profiles = (1...40).map { Named.profile("profile-\($0)") }
    for profile in profiles {
      // Another profile's newer section is open all the while.
      let (last, other) = (try enter(profile), try enter())
      #expect(await drain(giveUpAfter: 3) == nil, "\(profile)")
      gate.leave(other)
      #expect(await drain(giveUpAfter: 3) == nil, "\(profile)")
      gate.leave(last)
      #expect(await drain(giveUpAfter: 0) == 0, "\(profile)")
    }
    var open = try profiles.map { try enter($0) }
    #expect(await drain(giveUpAfter: 0) == nil)
    while let pass = open.popLast() { gate.leave(pass) }
    #expect(await drain(giveUpAfter: 0) == 0)
  }

  @Test func `counts a section that leaves while it waits`() async throws {
    let section = try enter()
    let waiting = Task { await drain() }
    await Task.yield()
    gate.leave(section)
    #expect([0, 1].contains(await waiting.value))
  }

  @Test func `is not kept waiting by a stream of newer sections, of which one is always open`() async throws {
    var current = try enter()
    let ends = Tally()
    let waiting = Task {
      _ = await drain()
      ends.add()
    }
    for _ in 0..<100_000 where ends.count == 0 {
      let next = try enter()
      await Task.yield()
      gate.leave(current)
      current = next
    }
    #expect(ends.count == 1)
    gate.leave(current)
    await waiting.value
  }

  @Test func `waits for sections that opened while an earlier drain was under way`() async throws {
    let oldest = try enter()
    let (pauses, laterPauses, ends) = (Tally(), Tally(), Tally())
    let earlier = Task {
      await gate.drain(
        hasTimedOut: { false },
        pause: { _ in
          pauses.add()
          await Task.yield()
        })
    }
    #expect(await eventually { pauses.count > 0 })
    let newer = try enter()
    let later = Task {
      _ = await gate.drain(
        hasTimedOut: { false },
        pause: { _ in
          laterPauses.add()
          await Task.yield()
        })
      ends.add()
    }
    #expect(await eventually { laterPauses.count > 0 })
    gate.leave(oldest)
    let before = laterPauses.count
    _ = await eventually { ends.count > 0 || laterPauses.count > before + 100 }
    #expect(ends.count == 0)
    gate.leave(newer)
    _ = await (earlier.value, later.value)
    #expect(ends.count == 1)
  }

  @Test func `ends for any number who wait at once, none before the section they wait for`() async throws {
    let section = try enter()
    let ended = Tally()
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<20 {
        group.addTask {
          _ = await drain()
          ended.add()
        }
      }
      for _ in 0..<200 { await Task.yield() }
      #expect(ended.count == 0)
      gate.leave(section)
      await group.waitForAll()
    }
    #expect(ended.count == 20)
  }

  @Test(arguments: 0..<20 as Range<UInt64>)
  func `races: of orders against stops, none starts between a seal and its release`(seed: UInt64) async throws {
    var random = SeededRandom(seed)
    let clock = TestClock()
    let runtime = SimulatedRuntime { clock.clocks.now }
    runtime.publish(ControlState())
    runtime.setHeld(false)
    let ends = Tally()
    await withTaskGroup(of: Void.self) { group in
      for number in 0..<6 {
        let order = Sample.orders[number % Sample.orders.count]
        group.addTask {
          while ends.count == 0 {
            await runtime.send(order, isReducing: number % 3 == 0) { await Task.yield() }
            await Task.yield()
          }
        }
      }
      for round in 1...60 as ClosedRange<UInt64> {
        let control = Sample.control(
          Sample.scopes.randomElement(using: &random) ?? .global, level: random.chance(70) ? .halted : .reduceOnly,
          number: round)
        runtime.publish(ControlState(epoch: Epoch(round), controls: [control]))
        _ = await runtime.fence(at: Epoch(round), scope: control.scope)
        runtime.history.sealed(control)
        for _ in 0..<Int.random(in: 0...20, using: &random) { await Task.yield() }
        runtime.history.released([control.id])
        runtime.publish(ControlState(epoch: Epoch(round)))
        for _ in 0..<Int.random(in: 0...5, using: &random) { await Task.yield() }
      }
      ends.add()
    }
    #expect(runtime.history.violations.isEmpty, "seed \(seed)")
    #expect(runtime.history.startedCount > 0, "seed \(seed): no order ran at all")
  }
}
