package import ControlModel
import Synchronization
package import TradingRuntime

/// A runtime that is nothing but the real gate: tests send orders through it and see which ones started.
package final class SimulatedRuntime: ControlledRuntime {
  package let gate: OrderGate
  package let history: HaltHistory
  /// Shut it and cancels hang.
  package let line = FaultSwitch()
  private let replica: ReplicaID
  private let now: @Sendable () -> WallTime
  private let told: @Sendable (String) -> Void
  private let isAlive: @Sendable () -> Bool
  private let state = Mutex(State())

  private struct State {
    var doubtful: [(order: InDoubtOrder, scope: OrderScope)] = []
    var working: [OrderID: OrderScope] = [:]
    var cancels: [OrderID] = []
  }

  /// - Parameters:
  ///   - isAlive: whether its process lives; a dead one starts no order.
  ///   - told: hears of each call in order, for tests of the order of effects.
  package init(
    history: HaltHistory = HaltHistory(), now: @escaping @Sendable () -> WallTime,
    monotonic: @escaping @Sendable () -> Int64 = { 0 }, isAlive: @escaping @Sendable () -> Bool = { true },
    told: @escaping @Sendable (String) -> Void = { _ in }
  ) {
    gate = OrderGate(monotonic: monotonic)
    self.history = history
    self.now = now
    self.told = told
    self.isAlive = isAlive
    guard let replica = ReplicaID("r1") else { preconditionFailure("r1 is an id") }
    self.replica = replica
  }

  // MARK: Orders

  /// Sends one order; false when the gate refused it. `write` runs inside the section, after the order has started.
  @discardableResult
  package func send(_ scope: OrderScope, isReducing: Bool = false, write: () async -> Void = {}) async -> Bool {
    let seat = gate.seat(scope.tenant, scope.profile)
    switch gate.enter(seat, venue: scope.venue, symbol: scope.symbol, isReducing: isReducing) {
    case .refused: return false
    case .passed(let pass):
      guard isAlive() else {
        gate.leave(pass)
        return false
      }
      history.orderStarted(scope, isReducing: isReducing)
      seat.noteOrderOut(at: now())
      await write()
      gate.leave(pass)
      return true
    }
  }

  package func setInDoubt(_ orders: [(order: InDoubtOrder, scope: OrderScope)]) {
    state.withLock { $0.doubtful = orders }
  }

  package func setWorking(_ orders: [OrderID: OrderScope]) { state.withLock { $0.working = orders } }
  package var cancels: [OrderID] { state.withLock { $0.cancels } }

  // MARK: ControlledRuntime

  package func publish(_ state: ControlState) {
    gate.publish(state)
    told("gate at \(state.epoch) with \(state.controls.count)")
  }

  package func setHeld(_ held: Bool) {
    gate.setHeld(held)
    told(held ? "held" : "opened")
  }

  package func setLease(until end: Int64) { gate.setLease(until: end) }

  package func fence(at epoch: Epoch, scope: ControlScope) async -> FenceAcknowledgement {
    let drained = await gate.drain(hasTimedOut: { false }, pause: { _ in await Task.yield() })
    told("drained")
    return FenceAcknowledgement(
      replica: replica, epoch: epoch, at: now(), drained: drained ?? 0, sealedBy: .ack,
      lastOrderOutAt: gate.lastOrderOut(scope), inDoubt: inDoubt(scope))
  }

  package func orders(takenBackBy mode: CancelMode, scope: ControlScope) -> [OrderID] {
    guard mode != .none else { return [] }
    return state.withLock { state in state.working.filter { scope.covers($0.value) }.map(\.key).sorted() }
  }

  package func cancel(_ orders: [OrderID]) async -> CancelReport {
    await line.pass()
    state.withLock { state in
      state.cancels += orders
      for id in orders { state.working[id] = nil }
    }
    told("cancels")
    return CancelReport(requested: orders.count, confirmed: orders.count)
  }

  package func inDoubt(_ scope: ControlScope) -> [InDoubtOrder] {
    state.withLock { state in state.doubtful.filter { scope.covers($0.scope) }.map(\.order) }
  }

  package func exposure(_ scope: ControlScope) -> Exposure { Exposure() }
  package var refusedCount: Int { gate.refusedCount }
}
