import ControlModel
import ControlPlane
import DataPlane
import Identity
import Store
import Strategy
import TradingRuntime
import Venues
import Wire

/// The runtime's REST, always within the caller's own tenant: the tenant comes from the token and from nowhere else.
struct TradingEndpoints {
  let context: AdminContext

  private static let pageMax = 200

  /// GET /api/v1/trading/status
  func status(_ call: Call) async throws(Refusal) -> Reply {
    .json(200, StatusReport(context).tradingStatus(of: try call.tenant))
  }

  /// GET /api/v1/profiles
  func profiles(_ call: Call) async throws(Refusal) -> Reply {
    let items = StatusReport(context).profileItems(of: try call.tenant).map { item in
      // Who stopped them and why is the operator's; a tenant sees that it is stopped.
      var own = item
      own.causes = []
      return own
    }
    return .json(200, Page(items: items))
  }

  /// GET /api/v1/profiles/{profile}
  func profile(_ call: Call) async throws(Refusal) -> Reply {
    let id = call.parameters["profile"] ?? ""
    guard var item = StatusReport(context).profileItems(of: try call.tenant).first(where: { $0.profile == id }) else {
      throw Refusal(.profileUnknown, "You have no profile \(id.prefix(64)).")
    }
    item.causes = []
    return .json(200, item)
  }

  /// GET /api/v1/positions
  func positions(_ call: Call) async throws(Refusal) -> Reply {
    let items = context.runtime.accounts(of: try call.tenant).flatMap { account in
      account.positions.map { held in
        PositionItem(
          profile: account.profile.account.profile.text, symbol: held.symbol.text,
          quantity: held.position.quantity.description, averagePrice: held.position.averagePrice?.description,
          lastPrice: held.lastPrice?.description, unrealized: held.unrealized.map { MoneyDocument($0) },
          realized: MoneyDocument(held.position.realized), isProtected: held.isProtected)
      }
    }
    return .json(200, Page(items: items))
  }

  /// GET /api/v1/orders?profile=&state=open|closed&before=&limit=
  func orders(_ call: Call) async throws(Refusal) -> Reply {
    let tenant = try call.tenant
    let limit = try call.limit(default: 50, max: Self.pageMax)
    let profile = try profileFilter(call)
    let open: Bool?
    switch call.query.first("state") {
    case nil: open = nil
    case "open": open = true
    case "closed": open = false
    default:
      throw Refusal(.requestInvalid, "state is open or closed.", fields: [FieldProblem("state", "is open or closed")])
    }
    let rows = try await stored { () async throws(StoreFailure) in
      try await context.runtime.records.orders(
        of: tenant, profile: profile, open: open, before: call.query.first("before").flatMap { Int64($0) }, limit: limit
      )
    }
    let next = rows.count == limit ? rows.last.map { String($0.row) } : nil
    return .json(200, Page(items: rows.map { OrderItem($0.order) }, next: next))
  }

  /// GET /api/v1/orders/{order}
  func order(_ call: Call) async throws(Refusal) -> Reply { .json(200, OrderItem(try await ownOrder(call))) }

  /// POST /api/v1/orders
  func place(_ call: Call) async throws(Refusal) -> Reply {
    let tenant = try call.tenant
    let actor = try call.principal.subject
    let request = try RequestBody.decode(OrderRequest.self, members: OrderRequest.members, call)
    guard let key = call.field("idempotency-key") else {
      throw Refusal(.idempotencyMissing, "Send Idempotency-Key: repeating an order must not place a second one.")
    }
    let draft = try draft(request, tenant: tenant, actor: actor, key: key, call)
    if let refusal = context.processor.tradingRefusal(tenant, profile: draft.account.profile) { throw refusal }
    let runtime = context.runtime
    return try await context.idempotency.answer(call, route: "orders") { () async throws(Refusal) -> Reply in
      let order = try await runtime.submit(draft)
      return .json(201, OrderItem(order), fields: [("Location", "/api/v1/orders/\(order.id)")])
    }
  }

  private func draft(
    _ request: OrderRequest, tenant: TenantID, actor: String, key: String, _ call: Call
  ) throws(Refusal) -> OrderDraft {
    var problems: [FieldProblem] = []
    let profile = request.profile.flatMap { ProfileID($0) }
    if profile == nil { problems.append(FieldProblem("profile", "is missing")) }
    let symbol = request.symbol.flatMap { Symbol($0) }
    if symbol == nil { problems.append(FieldProblem("symbol", "is not a ticker")) }
    let side = request.side.flatMap(OrderSide.init(rawValue:))
    if side == nil { problems.append(FieldProblem("side", "is buy or sell")) }
    let quantity = request.quantity.flatMap { try? Quantity($0) }
    if quantity?.isPositive != true { problems.append(FieldProblem("quantity", "is a positive decimal string")) }
    let price = request.price.flatMap { try? Price($0) }
    let stop = request.stop.flatMap { try? Price($0) }
    if request.stop != nil, stop?.isPositive != true {
      problems.append(FieldProblem("stop", "is a positive decimal string"))
    }
    var kind = OrderKind.market
    switch (request.type ?? "market", price) {
    case ("market", _): break
    case ("limit", let price?) where price.isPositive: kind = .limit(price)
    case ("stop", let price?) where price.isPositive: kind = .stop(price)
    case ("limit", _), ("stop", _): problems.append(FieldProblem("price", "is a positive decimal string for this type"))
    default: problems.append(FieldProblem("type", "is market, limit or stop"))
    }
    guard problems.isEmpty, let profile, let symbol, let side, let quantity else {
      throw Refusal(.requestInvalid, "The order was not placed: its fields are not right.", fields: problems)
    }
    guard context.runtime.knows(tenant, profile: profile) else {
      throw Refusal(.profileUnknown, "You have no profile \(profile).")
    }
    let account = VenueAccount(tenant: tenant, profile: profile)
    return OrderDraft(
      account: account, symbol: symbol, side: side, kind: kind, quantity: quantity, purpose: .manual, stop: stop,
      actor: actor, requestID: call.requestID, id: OrderIDs.manual(key, of: account))
  }

  /// DELETE /api/v1/orders/{order}
  func cancel(_ call: Call) async throws(Refusal) -> Reply {
    let order = try await ownOrder(call)
    return .json(202, OrderItem(try await context.runtime.cancel(order.id)))
  }

  /// GET /api/v1/capital/ledger
  func ledger(_ call: Call) async throws(Refusal) -> Reply {
    let tenant = try call.tenant
    let limit = try call.limit(default: 50, max: Self.pageMax)
    let profile = try profileFilter(call)
    let rows = try await stored { () async throws(StoreFailure) in
      try await context.runtime.records.ledger(
        of: tenant, profile: profile, before: call.query.first("before").flatMap { Int64($0) }, limit: limit)
    }
    let items = rows.map { row in
      LedgerItem(
        seq: row.sequence, transaction: row.transaction, at: row.at.description, profile: row.owner.profile.text,
        account: row.account, commodity: row.commodity,
        amount: row.commodity == "USD"
          ? Money(mantissa: row.amount).description : Quantity(mantissa: row.amount).description)
    }
    return .json(200, Page(items: items, next: items.count == limit ? items.last.map { String($0.seq) } : nil))
  }

  private func profileFilter(_ call: Call) throws(Refusal) -> ProfileID? {
    guard let text = call.query.first("profile") else { return nil }
    guard let profile = ProfileID(text) else {
      throw Refusal(.requestInvalid, "profile is not a name.", fields: [FieldProblem("profile", "is not a name")])
    }
    return profile
  }

  private func ownOrder(_ call: Call) async throws(Refusal) -> Order {
    let tenant = try call.tenant
    let text = call.parameters["order"] ?? ""
    guard let id = OrderID(text) else { throw Refusal(.notFound, "You have no order \(text.prefix(64)).") }
    let found = try await stored { () async throws(StoreFailure) in
      try await context.runtime.records.order(id, of: tenant)
    }
    guard let found else { throw Refusal(.notFound, "You have no order \(id).") }
    return found
  }

  private func stored<Result>(_ work: () async throws(StoreFailure) -> Result) async throws(Refusal) -> Result {
    do throws(StoreFailure) {
      return try await work()
    } catch {
      throw Refusal(.storeUnavailable, error.message, retryAfterSeconds: 1)
    }
  }
}

extension OrderItem {
  init(_ order: Order) {
    self.init(
      id: order.id.text, profile: order.request.account.profile.text, venue: order.venue.text,
      symbol: order.request.symbol.text, side: order.request.side.rawValue, type: order.request.kind.name,
      price: order.request.kind.price?.description, quantity: order.request.quantity.description,
      filled: order.filled.description, averagePrice: order.averagePrice?.description,
      purpose: order.purpose.rawValue, state: order.state.rawValue, reason: order.reason, actor: order.actor,
      requestId: order.requestID.text, createdAt: order.createdAt.description, sentAt: order.sentAt?.description,
      answeredAt: order.answeredAt?.description, stop: order.request.attachedStop?.price.description)
  }
}
