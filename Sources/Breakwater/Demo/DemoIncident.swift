import AdminAPI
import ControlModel
import Strategy
import Telemetry
import TradingRuntime
import Venues

/// Something that goes wrong in the demo, so that the alert, the runbook and the stop can be played through.
package enum DemoIncident: String, CaseIterable, Sendable {
  case none
  /// The venue begins to reject most orders.
  case rejectStorm = "reject-storm"
  /// The issuer's keys cannot be fetched any more.
  case staleKeys = "stale-keys"
  /// One profile sends far more orders than it should.
  case runawayStrategy = "runaway-strategy"

  /// When it begins, after the start.
  package static let delay = Duration.seconds(20)

  var sentence: String {
    switch self {
    case .none: "No incident."
    case .rejectStorm: "The paper venue now rejects most orders."
    case .staleKeys: "The issuer's key set is down."
    case .runawayStrategy: "Profile orchid/scalper-1 is sending orders far too fast."
    }
  }

  func begin(_ assembly: Assembly, _ backend: DemoBackend) async {
    switch self {
    case .none: return
    case .rejectStorm:
      var behaviour = PaperVenue.Behaviour()
      behaviour.rejectShare = 0.7
      assembly.venue.setBehaviour(behaviour)
    case .staleKeys: backend.hideKeys(true)
    case .runawayStrategy: await runAway(assembly)
    }
  }

  /// Buys and cancels in a tight loop until cancelled; a halt is what stops it from reaching the venue.
  private func runAway(_ assembly: Assembly) async {
    guard let tenant = TenantID("orchid"), let profile = ProfileID("scalper-1"), let symbol = Symbol("MSFT") else {
      return
    }
    let account = VenueAccount(tenant: tenant, profile: profile)
    var count = 0
    while !Task.isCancelled {
      count += 1
      let request = assembly.context.ids.requestID()
      let draft = OrderDraft(
        account: account, symbol: symbol, side: .buy, kind: .limit(Price(mantissa: 100_000_000)),
        quantity: Quantity(mantissa: 1_000_000_000), purpose: .manual, actor: "strategy", requestID: request,
        id: OrderIDs.manual("runaway-\(request)", of: account))
      do throws(Refusal) {
        let order = try await assembly.runtime.submit(draft)
        try await assembly.runtime.cancel(order.id)
      } catch {
        await SystemSources.sleep(.milliseconds(200))
      }
      await SystemSources.sleep(.milliseconds(20))
    }
  }
}
