package import ControlModel
import Synchronization

/// What happened, in one order, and the judgement of invariant H: after a stop is sealed no order it refuses starts until a
/// release of that stop commits.
package final class HaltHistory: Sendable {
  package enum Event: Sendable {
    case started(OrderScope, isReducing: Bool)
    /// The stop's caller was told.
    case sealed(Control)
    /// The release takes effect in the store.
    case released([ControlID])
  }

  private let content = Mutex([Event]())

  package init() {}

  package func orderStarted(_ scope: OrderScope, isReducing: Bool = false) {
    content.withLock { $0.append(.started(scope, isReducing: isReducing)) }
  }
  package func sealed(_ control: Control) { content.withLock { $0.append(.sealed(control)) } }
  package func released(_ ids: [ControlID]) { content.withLock { $0.append(.released(ids)) } }

  package var events: [Event] { content.withLock { $0 } }
  package var startedCount: Int {
    events.count { if case .started = $0 { true } else { false } }
  }

  /// One sentence per order that started although a sealed stop refuses it.
  package var violations: [String] {
    var inForce: [ControlID: Control] = [:]
    var released: Set<ControlID> = []
    var found: [String] = []
    for event in events {
      switch event {
      case .sealed(let control): if !released.contains(control.id) { inForce[control.id] = control }
      case .released(let ids):
        released.formUnion(ids)
        for id in ids { inForce[id] = nil }
      case .started(let scope, let isReducing):
        let refusing = inForce.values.first { control in
          (control.level == .halted || !isReducing) && control.scope.covers(scope)
        }
        if let control = refusing {
          found.append("an order of \(scope.tenant)/\(scope.profile) started under \(control.id)")
        }
      }
    }
    return found
  }
}
