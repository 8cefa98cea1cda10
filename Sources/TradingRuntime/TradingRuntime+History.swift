import ControlModel
import Store
import Strategy
import Synchronization
import Venues

/// What the runtime tells the history: the facts that P1, P6 and P8 are judged by.
extension TradingRuntime {
  /// The stops in force whose flattening an order belongs to.
  func exitsGranted(to order: Order) -> [ControlID] {
    guard history != nil else { return [] }
    let state = gate.state
    return state.exits.filter { state.controls[$0]?.scope.covers(order.scope) ?? false }.sorted()
  }

  /// An order that passed the gate: when it started, read inside its section, and what became of the write.
  ///
  /// - Parameter granted: the stops whose exits it is one of.
  func note(_ order: Order, startedAt: Int64, _ failure: VenueFailure?, granted: [ControlID]) {
    guard let history else { return }
    var start = HistoryEvent(.orderStart, at: startedAt)
    start.order = order.id.text
    start.name(order.scope)
    start.reducing = order.isReducing
    start.epoch = gate.state.epoch.value
    if !granted.isEmpty { start.controls = granted.map(\.text) }
    history.record(start)
    var out = HistoryEvent(.orderOut)
    out.order = order.id.text
    out.state =
      switch failure {
      case nil: "out"
      case .uncertain: "uncertain"
      case .notSent: "notSent"
      }
    history.record(out)
  }

  func noteAnswer(_ order: Order) {
    guard let history, order.state.isFinal else { return }
    var answer = HistoryEvent(.orderAnswer)
    answer.order = order.id.text
    answer.state = order.state.rawValue
    history.record(answer)
  }

  /// An execution that was booked, with the position after it.
  func noteFill(_ order: Order, _ execution: VenueOrderReport.Execution) {
    guard let history else { return }
    let account = order.request.account
    let after = book.withLock { $0.accounts[account]?.positions[order.request.symbol]?.quantity ?? .zero }
    var fill = HistoryEvent(.orderFill)
    fill.order = order.id.text
    fill.name(order.scope)
    fill.change = order.request.side == .buy ? execution.quantity.mantissa : -execution.quantity.mantissa
    fill.position = after.mantissa
    history.record(fill)
  }

  /// Orders that controls in force had taken back.
  func noteCancels(_ orders: [OrderID]) {
    guard let history, !orders.isEmpty else { return }
    let state = gate.state
    for id in orders {
      guard let order = book.withLock({ $0.open[id] }) else { continue }
      let causes = state.effective(for: order.scope).causes.filter { $0.cancel.takesBack(order) }
      guard !causes.isEmpty else { continue }
      var cancel = HistoryEvent(.orderCancel)
      cancel.order = id.text
      cancel.control = causes.first?.id.text
      cancel.mode = (causes.contains { $0.cancel == .all } ? CancelMode.all : .entries).rawValue
      cancel.protective = !order.opensExposure
      history.record(cancel)
    }
  }
}
