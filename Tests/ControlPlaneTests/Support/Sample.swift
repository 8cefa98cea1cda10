import BreakwaterTesting
import ControlModel
import ControlPlane
import Store
import TradingRuntime

/// What the pages of this manual share.
enum Sample {
  static let orchid = ControlScope(tenant: Named.orchid)
  static let scalper = ControlScope(tenant: Named.orchid, profile: Named.scalper)

  static func orderID(_ number: Int) -> OrderID {
    guard let id = OrderID("order-\(number)") else { preconditionFailure("order-\(number) is an id") }
    return id
  }

  static func inDoubt(_ number: Int, _ scope: OrderScope) -> (order: InDoubtOrder, scope: OrderScope) {
    (InDoubtOrder(order: orderID(number), venue: Named.paper, since: WallTime(unixMilliseconds: 0)), scope)
  }
}

extension ControlBench {
  /// Whether an order that opens exposure passes the gate now.
  func passes(_ scope: OrderScope = Named.order()) async -> Bool { await runtime.send(scope) }

  /// Imposes on disks that refuse or hang: time goes on once both were asked, or `isReady`, so that the answer does not
  /// depend on how fast this machine is.
  func imposeInTime(
    _ scope: ControlScope = .global, or isReady: () -> Bool = { false }
  ) async throws -> Receipt {
    let stop = try stop(scope)
    let (written, committed) = (disk.faults.tries, store.faults.tries)
    // Behind a stop the store does not take, another one asks the journal alone.
    let isQueued = processor.current.unrecorded > 0
    let answer = Task { await processor.impose(stop) }
    _ = await eventually {
      isReady() || (self.disk.faults.tries > written && (isQueued || self.store.faults.tries > committed))
    }
    return await clock.run(step: .milliseconds(100)) { await answer.value }
  }

  /// Until every stop in effect is in the store.
  func settle() async -> Bool {
    await clock.run(step: .milliseconds(100)) { await eventually { self.processor.current.unrecorded == 0 } }
  }
}

/// The refusal `work` ends with; nil when it ends otherwise.
func refusal(_ work: () async throws -> Void) async -> RefusalCode? {
  do {
    try await work()
    return nil
  } catch {
    return (error as? Refusal)?.code
  }
}
