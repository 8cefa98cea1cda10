import BreakwaterTesting
import ControlModel
import Store
import Synchronization
import TradingRuntime

/// A runtime with one rule of the protocol switched off.
final class Mutant: ControlledRuntime {
  enum Rule: Sendable { case none, doesNotDrain, neverHeld, publishesLate }

  private let runtime: SimulatedRuntime
  private let rule: Rule
  private let late = Mutex<ControlState?>(nil)

  init(_ runtime: SimulatedRuntime, _ rule: Rule) {
    self.runtime = runtime
    self.rule = rule
    if rule == .neverHeld {
      runtime.publish(ControlState())
      runtime.setHeld(false)
    }
  }

  /// Late: each state decides only when the next one comes.
  func publish(_ state: ControlState) {
    guard rule == .publishesLate else { return runtime.publish(state) }
    let earlier = late.withLock { late in
      defer { late = state }
      return late
    }
    runtime.publish(earlier ?? ControlState())
  }

  func setHeld(_ held: Bool) { if rule != .neverHeld { runtime.setHeld(held) } }

  func setLease(until end: Int64) { runtime.setLease(until: end) }

  func fence(at epoch: Epoch, scope: ControlScope) async -> FenceAcknowledgement {
    guard rule == .doesNotDrain else { return await runtime.fence(at: epoch, scope: scope) }
    return FenceAcknowledgement(
      replica: Named.replica, epoch: epoch, at: WallTime(unixMilliseconds: 0), drained: 0, sealedBy: .ack,
      lastOrderOutAt: nil, inDoubt: [])
  }

  func orders(takenBackBy mode: CancelMode, scope: ControlScope) -> [OrderID] {
    runtime.orders(takenBackBy: mode, scope: scope)
  }

  func cancel(_ orders: [OrderID]) async -> CancelReport { await runtime.cancel(orders) }
  func inDoubt(_ scope: ControlScope) -> [InDoubtOrder] { runtime.inDoubt(scope) }
  func exposure(_ scope: ControlScope) -> Exposure { runtime.exposure(scope) }
  var refusedCount: Int { runtime.refusedCount }
}

/// A disk that says written at once and forgets: no sync before the answer.
struct EagerStorage: StableStorage {
  private let storage: any StableStorage

  init(_ storage: any StableStorage) {
    self.storage = storage
  }

  func read() throws(StoreFailure) -> [UInt8] { try storage.read() }

  func write(_ bytes: [UInt8], at offset: Int) throws(StoreFailure) {
    if offset == 0 { try storage.write(bytes, at: offset) }
  }
}

extension SimulatedRuntime {
  /// Passes the gate, waits, and starts inside its section.
  func sendSlowly(_ scope: OrderScope, through door: FaultSwitch) async {
    let seat = gate.seat(scope.tenant, scope.profile)
    guard case .passed(let pass) = gate.enter(seat, venue: scope.venue, symbol: scope.symbol, isReducing: false) else {
      return
    }
    await door.pass()
    history.orderStarted(scope)
    gate.leave(pass)
  }

  /// Asks the gate, waits, and starts without a section.
  func sendUnfenced(_ scope: OrderScope, through door: FaultSwitch) async {
    let seat = gate.seat(scope.tenant, scope.profile)
    guard gate.refusal(seat, venue: scope.venue, symbol: scope.symbol, isReducing: false) == nil else { return }
    await door.pass()
    history.orderStarted(scope)
  }
}
