import BreakwaterTesting
import ControlModel
import Synchronization
import Testing
import TradingRuntime

/// A gate's permission to trade, which ends by itself.
@Suite struct `A gate's lease` {
  private let now = Clock()
  private let gate: OrderGate

  private final class Clock: Sendable {
    private let value = Atomic<Int64>(1_000_000_000)
    var now: Int64 { value.load(ordering: .relaxed) }
    func set(_ now: Int64) { value.store(now, ordering: .relaxed) }
  }

  init() {
    let now = now
    gate = OrderGate(monotonic: { now.now })
    gate.setHeld(false)
    gate.publish(ControlState())
  }

  private func enter() -> GateAnswer {
    gate.enter(
      gate.seat(Named.orchid, Named.scalper), venue: Named.paper, symbol: Named.aapl, isReducing: true)
  }

  private var refusal: GateRefusal? { if case .refused(let refusal) = enter() { refusal } else { nil } }

  @Test func `is not needed until one is set`() {
    #expect(refusal == nil && !gate.isLeaseOver)
  }

  @Test func `lets orders pass up to twenty milliseconds before its end`() {
    gate.setLease(until: 4_000_000_000)
    #expect(refusal == nil)
    now.set(4_000_000_000 - LeaseTimes.entryMargin)
    #expect(refusal == nil)
    now.set(4_000_000_000 - LeaseTimes.entryMargin + 1)
    #expect(refusal == GateRefusal(level: .halted, isHeld: false, isLeaseOver: true))
    #expect(gate.refusedCount == 1)
  }

  @Test func `taken away refuses everything, also what shrinks a position`() {
    gate.setLease(until: 0)
    #expect(refusal?.isLeaseOver == true)
    #expect(
      !gate.wouldAdmit(gate.seat(Named.orchid, Named.scalper), venue: Named.paper, symbol: Named.aapl, isReducing: true)
    )
  }

  @Test func `renewed lets orders pass again, and an order keeps the end it entered under`() throws {
    gate.setLease(until: 2_000_000_000)
    guard case .passed(let pass) = enter() else { throw Surprise("the order was refused") }
    gate.setLease(until: 9_000_000_000)
    #expect(pass.leaseEnd == 2_000_000_000)
    gate.leave(pass)
    now.set(8_000_000_000)
    #expect(refusal == nil)
  }
}
