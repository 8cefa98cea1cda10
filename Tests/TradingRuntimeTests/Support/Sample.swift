import BreakwaterTesting
import ControlModel
import Strategy
import Telemetry
import TradingRuntime
import Venues

typealias Bench = RuntimeBench<SimulatedVenue>

extension RuntimeBench where V == SimulatedVenue {
  /// A running runtime with one profile, or those named.
  static func started(
    _ profiles: [Profile]? = nil, market: ScriptedMarket? = nil, manner: SimulatedVenue.Manner = .init()
  ) async throws -> Bench {
    let clock = TestClock()
    let venue = SimulatedVenue { clock.clocks.now }
    venue.manner = manner
    let bench = try Bench(folder: TemporaryFolder(), clock: clock, venue: venue, market: market)
    try await bench.start(profiles ?? [Named.profile()])
    return bench
  }

  /// The next process on the same disk and at the same venue. The one before must have been stopped.
  func restarted(_ profiles: [Profile]? = nil) async throws -> Bench {
    let bench = try Bench(folder: folder, clock: clock, venue: venue)
    try await bench.start(profiles ?? [Named.profile()])
    return bench
  }

  /// Submits and waits for the venue's word.
  func working(
    _ side: OrderSide, _ quantity: String, _ kind: OrderKind = .market, key: String, stop: String? = nil,
    purpose: Order.Purpose = .manual, account: VenueAccount = Named.account
  ) async throws -> OrderID {
    let draft = try draft(side, quantity, kind, key: key, purpose: purpose, stop: stop, account: account)
    try await runtime.submit(draft)
    try await reaches(.working, draft.id, of: account.tenant)
    return draft.id
  }

  /// A position, bought and filled at once.
  @discardableResult
  func bought(
    _ quantity: String, at price: String = "100", key: String = "buy", stop: String? = nil,
    account: VenueAccount = Named.account
  ) async throws -> OrderID {
    let id = try await working(.buy, quantity, key: key, stop: stop, account: account)
    try venue.fill(id, Quantity(quantity), at: Price(price), execution: "x-\(id)")
    try await reaches(.filled, id, of: account.tenant)
    return id
  }

  /// Waits until an order on disk is in `state`.
  func reaches(_ state: OrderState, _ id: OrderID, of tenant: TenantID = Named.orchid) async throws {
    let isThere = try await eventually { try await self.stored(id, of: tenant)?.state == state }
    let found = try await stored(id, of: tenant)?.state
    guard isThere else { throw Surprise("order \(id) is \(found.map(\.rawValue) ?? "nowhere"), not \(state.rawValue)") }
  }

  func publish(_ controls: Control...) {
    runtime.publish(ControlState(epoch: Epoch(UInt64(controls.count)), controls: controls))
  }

  func refusal(_ draft: OrderDraft) async -> Refusal? {
    do throws(Refusal) {
      try await runtime.submit(draft)
      return nil
    } catch {
      return error
    }
  }
}

enum Sample {
  static func control(
    _ scope: ControlScope = .global, level: ControlLevel = .halted, cancel: CancelMode = .entries, number: UInt64 = 1,
    at now: WallTime = WallTime(unixMilliseconds: 0)
  ) -> Control {
    guard let id = ControlID("ctl_\(number)") else { preconditionFailure("ctl_\(number) is an id") }
    return Control(
      id: id, scope: scope, kind: .halt, level: level, cancel: cancel, reason: "sample: stop trading", ticket: nil,
      actor: "olive", origin: .human, createdAt: now, epoch: Epoch(number), reviewBy: now,
      requestID: RequestID(checked: "bench-request-1"))
  }

  /// Every combination of two tenants, two profiles, two venues and two symbols.
  static let orders: [OrderScope] = [Named.orchid, Named.heron].flatMap { tenant in
    [Named.scalper, Named.swing].flatMap { profile in
      [Named.paper, other].flatMap { venue in
        [Named.aapl, Named.ibm].map { OrderScope(tenant: tenant, profile: profile, venue: venue, symbol: $0) }
      }
    }
  }

  static let other: VenueID = {
    guard let id = VenueID("elsewhere") else { preconditionFailure("elsewhere is an id") }
    return id
  }()

  static let scopes: [ControlScope] = [
    .global, ControlScope(tenant: Named.orchid), ControlScope(tenant: Named.orchid, profile: Named.scalper),
    ControlScope(venue: Named.paper), ControlScope(symbol: Named.aapl),
    ControlScope(tenant: Named.heron, symbol: Named.ibm),
    ControlScope(tenant: Named.heron, profile: Named.swing, venue: other),
  ]
}
