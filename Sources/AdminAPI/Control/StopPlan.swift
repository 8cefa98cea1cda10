import ControlModel
import ControlPlane
import Telemetry
import TradingRuntime
import Venues
import Wire

/// The blast radius of a stop, counted now; nothing changes.
struct StopPlan {
  let context: AdminContext

  init(_ context: AdminContext) {
    self.context = context
  }

  func document(_ draft: ControlDraft) -> PlanDocument {
    let runtime = context.runtime
    let exposure = runtime.exposure(draft.scope)
    let state = context.processor.current.state
    let orders = runtime.orders(takenBackBy: draft.cancel, scope: draft.scope)
    let askable = runtime.takingCancels(orders).count
    var plan = PlanDocument(
      scope: draft.scope.summary, level: draft.level.text, currentLevel: state.effective(for: draft.scope).level.text,
      tenants: exposure.tenants, profiles: exposure.profiles, openEntries: exposure.openEntries,
      openProtective: exposure.openProtective, positions: exposure.positions,
      withoutVenueStop: exposure.withoutVenueStop, notional: MoneyDocument(cents: exposure.notionalCents),
      epoch: state.epoch.value, at: context.clocks.now.description)
    plan.inDoubt = runtime.inDoubt(draft.scope).count
    plan.cancels = askable
    plan.cancelsAtOpen = orders.count - askable
    plan.markets = runtime.markets(in: draft.scope).map { market in
      var opensAt: WallTime?
      if case .closed(let time) = market.state { opensAt = time }
      return PlanDocument.Market(
        symbol: market.symbol.text, state: market.state.text, opensAt: opensAt?.description)
    }
    return plan
  }
}
