import BreakwaterTesting
import ControlModel
import Testing
import TradingRuntime

/// The last thing between an order and a venue.
@Suite struct `The order gate` {
  private func opened(_ controls: [Control] = []) -> OrderGate {
    let gate = OrderGate()
    gate.publish(ControlState(epoch: Epoch(UInt64(controls.count)), controls: controls))
    gate.setHeld(false)
    return gate
  }

  private func answer(_ gate: OrderGate, _ order: OrderScope, isReducing: Bool = false) -> GateRefusal? {
    let seat = gate.seat(order.tenant, order.profile)
    switch gate.enter(seat, venue: order.venue, symbol: order.symbol, isReducing: isReducing) {
    case .refused(let refusal): return refusal
    case .passed(let pass):
      gate.leave(pass)
      return nil
    }
  }

  @Test(
    arguments: [
      (ControlLevel.active, true, true), (.reduceOnly, false, true), (.halted, false, false),
    ])
  func `admits by level: everything, what only shrinks a position, nothing`(
    level: ControlLevel, entry: Bool, reducing: Bool
  ) {
    let gate = opened(level == .active ? [] : [Sample.control(level: level)])
    #expect((answer(gate, Named.order(), isReducing: false) == nil) == entry)
    #expect((answer(gate, Named.order(), isReducing: true) == nil) == reducing)
    if !entry {
      #expect(answer(gate, Named.order())?.level == level)
      #expect(answer(gate, Named.order())?.isHeld == false)
    }
  }

  @Test(arguments: Sample.scopes)
  func `refuses the orders a control covers and no others`(scope: ControlScope) {
    let gate = opened([Sample.control(scope)])
    for order in Sample.orders { #expect((answer(gate, order) == nil) == !scope.covers(order), "\(order)") }
  }

  @Test(arguments: 0..<60 as Range<UInt64>)
  func `decides by the strictest of all controls that cover an order`(seed: UInt64) {
    var random = SeededRandom(seed)
    let controls = (1...UInt64.random(in: 1...6, using: &random)).map { number in
      Sample.control(
        Sample.scopes.randomElement(using: &random) ?? .global, level: random.chance(50) ? .halted : .reduceOnly,
        number: number)
    }
    let gate = opened()
    // Seats made before and after the controls must agree.
    _ = gate.seat(Named.orchid, Named.scalper)
    let state = ControlState(epoch: Epoch(9), controls: controls)
    gate.publish(state)
    for order in Sample.orders {
      let level = state.effective(for: order).level
      #expect((answer(gate, order) == nil) == (level == .active), "seed \(seed), \(order)")
      #expect((answer(gate, order, isReducing: true) == nil) == (level != .halted), "seed \(seed), \(order)")
      #expect(
        gate.wouldAdmit(
          gate.seat(order.tenant, order.profile), venue: order.venue, symbol: order.symbol, isReducing: false)
          == (level == .active), "seed \(seed), \(order)")
    }
  }

  @Test func `opens again for what no control covers any more`() {
    let (wide, narrow) = (Sample.control(number: 1), Sample.control(ControlScope(symbol: Named.aapl), number: 2))
    let gate = opened([wide, narrow])
    gate.publish(ControlState(epoch: Epoch(3), controls: [narrow]))
    #expect(answer(gate, Named.order(Named.orchid, Named.scalper, Named.ibm)) == nil)
    #expect(answer(gate, Named.order()) != nil)
    gate.publish(ControlState(epoch: Epoch(4)))
    #expect(answer(gate, Named.order()) == nil)
  }

  @Test func `is held when it is made, and held refuses everything, also what only shrinks`() {
    let gate = OrderGate()
    for isReducing in [false, true] {
      let refusal = answer(gate, Named.order(), isReducing: isReducing)
      #expect(refusal?.level == .halted && refusal?.isHeld == true)
    }
    gate.publish(ControlState())
    #expect(answer(gate, Named.order())?.isHeld == true, "an active state does not open a held gate")
    gate.setHeld(false)
    #expect(answer(gate, Named.order()) == nil)
    gate.setHeld(true)
    #expect(answer(gate, Named.order())?.isHeld == true)
  }

  @Test func `counts what it refuses and not what it lets pass`() {
    let gate = opened([Sample.control(ControlScope(tenant: Named.orchid))])
    _ = answer(gate, Named.order())
    _ = answer(gate, Named.order(Named.heron))
    _ = answer(gate, Named.order(), isReducing: true)
    #expect(gate.refusedCount == 2)
    _ = gate.wouldAdmit(
      gate.seat(Named.orchid, Named.scalper), venue: Named.paper, symbol: Named.aapl, isReducing: false)
    #expect(gate.refusedCount == 2, "asking is not being refused")
  }

  @Test func `knows when the newest order of a scope left`() {
    let gate = opened()
    #expect(gate.lastOrderOut(.global) == nil)
    gate.seat(Named.orchid, Named.scalper).noteOrderOut(at: WallTime(unixMilliseconds: 5))
    gate.seat(Named.heron, Named.scalper).noteOrderOut(at: WallTime(unixMilliseconds: 9))
    #expect(gate.lastOrderOut(.global) == WallTime(unixMilliseconds: 9))
    #expect(gate.lastOrderOut(ControlScope(tenant: Named.orchid)) == WallTime(unixMilliseconds: 5))
    #expect(gate.lastOrderOut(ControlScope(tenant: Named.orchid, profile: Named.swing)) == nil)
  }
}
