import ControlModel
import Foundation
import GRDB
import Store
import Strategy
import Venues

/// SQL rows to values and back, in one place.
enum TradingRows {
  static let schema = """
    CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE profile (
      tenant TEXT NOT NULL, id TEXT NOT NULL, user TEXT NOT NULL, capital INTEGER NOT NULL, created_at INTEGER NOT NULL,
      PRIMARY KEY (tenant, id)
    ) WITHOUT ROWID;
    CREATE TABLE trade_order (
      id TEXT NOT NULL UNIQUE, tenant TEXT NOT NULL, profile TEXT NOT NULL, venue TEXT NOT NULL, symbol TEXT NOT NULL,
      side TEXT NOT NULL, kind TEXT NOT NULL, price INTEGER, quantity INTEGER NOT NULL, stop_id TEXT, stop_price INTEGER,
      purpose TEXT NOT NULL, reducing INTEGER NOT NULL, signal TEXT UNIQUE, actor TEXT NOT NULL, request_id TEXT NOT NULL,
      created_at INTEGER NOT NULL, hold_price INTEGER NOT NULL, state TEXT NOT NULL, cancel_pending INTEGER NOT NULL,
      filled INTEGER NOT NULL, filled_notional INTEGER NOT NULL, reason TEXT, sent_at INTEGER, answered_at INTEGER
    );
    CREATE INDEX trade_order_tenant ON trade_order (tenant);
    CREATE INDEX trade_order_open ON trade_order (state)
      WHERE state NOT IN ('filled','canceled','rejected','expired','denied');
    CREATE TABLE execution (
      venue TEXT NOT NULL, id TEXT NOT NULL, order_id TEXT NOT NULL REFERENCES trade_order (id),
      quantity INTEGER NOT NULL, price INTEGER NOT NULL, at INTEGER NOT NULL, UNIQUE (venue, id)
    );
    CREATE TABLE ledger (
      seq INTEGER PRIMARY KEY, tx TEXT NOT NULL, at INTEGER NOT NULL, tenant TEXT NOT NULL, profile TEXT NOT NULL,
      account TEXT NOT NULL, commodity TEXT NOT NULL, amount INTEGER NOT NULL, UNIQUE (tx, account, commodity)
    );
    CREATE INDEX ledger_tenant ON ledger (tenant);
    CREATE INDEX ledger_cash ON ledger (account, tenant, profile, amount) WHERE account = 'assets:cash';
    CREATE TRIGGER ledger_no_update BEFORE UPDATE ON ledger BEGIN SELECT RAISE(ABORT, 'ledger rows are never changed'); END;
    CREATE TRIGGER ledger_no_delete BEFORE DELETE ON ledger BEGIN SELECT RAISE(ABORT, 'ledger rows are never deleted'); END;
    """

  static func insert(_ profile: Profile, at now: WallTime, _ database: GRDB.Database) throws {
    try database.execute(
      sql: "INSERT INTO profile (tenant, id, user, capital, created_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
      arguments: [
        profile.account.tenant.text, profile.account.profile.text, profile.user.text, profile.capital.mantissa,
        now.unixMilliseconds,
      ])
  }

  static func insert(_ transaction: LedgerTransaction, _ database: GRDB.Database) throws {
    for posting in transaction.postings {
      try database.execute(
        sql: "INSERT INTO ledger (tx, at, tenant, profile, account, commodity, amount) VALUES (?, ?, ?, ?, ?, ?, ?)",
        arguments: [
          transaction.id, transaction.at.unixMilliseconds, transaction.owner.tenant.text,
          transaction.owner.profile.text, posting.account, posting.commodity, posting.amount,
        ])
    }
  }

  static func insert(
    _ execution: VenueOrderReport.Execution, of order: Order, venue: VenueID, at now: WallTime,
    _ database: GRDB.Database
  ) throws {
    try database.execute(
      sql: "INSERT INTO execution (venue, id, order_id, quantity, price, at) VALUES (?, ?, ?, ?, ?, ?)",
      arguments: [
        venue.text, execution.id, order.id.text, execution.quantity.mantissa, execution.price.mantissa,
        now.unixMilliseconds,
      ])
  }

  static func insert(_ order: Order, _ database: GRDB.Database, ignoringRepeats: Bool = false) throws {
    let request = order.request
    try database.execute(
      sql: """
        INSERT \(ignoringRepeats ? "OR IGNORE " : "")INTO trade_order (id, tenant, profile, venue, symbol, side, kind, price,
          quantity, stop_id, stop_price, purpose, reducing, signal, actor, request_id, created_at, hold_price, state,
          cancel_pending, filled, filled_notional, reason, sent_at, answered_at)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
      arguments: [
        order.id.text, request.account.tenant.text, request.account.profile.text, order.venue.text,
        request.symbol.text, request.side.rawValue, request.kind.name, request.kind.price?.mantissa,
        request.quantity.mantissa, request.attachedStop?.id.text, request.attachedStop?.price.mantissa,
        order.purpose.rawValue, order.isReducing, order.signal, order.actor, order.requestID.text,
        order.createdAt.unixMilliseconds, order.holdPrice.mantissa, order.state.rawValue, order.isCancelPending,
        order.filled.mantissa, order.filledNotional.mantissa, order.reason, order.sentAt?.unixMilliseconds,
        order.answeredAt?.unixMilliseconds,
      ])
  }

  static func update(_ order: Order, _ database: GRDB.Database) throws {
    try database.execute(
      sql: """
        UPDATE trade_order SET state = ?, cancel_pending = ?, filled = ?, filled_notional = ?, reason = ?, sent_at = ?,
          answered_at = ? WHERE id = ?
        """,
      arguments: [
        order.state.rawValue, order.isCancelPending, order.filled.mantissa, order.filledNotional.mantissa,
        order.reason, order.sentAt?.unixMilliseconds, order.answeredAt?.unixMilliseconds, order.id.text,
      ])
  }

  // MARK: Reading

  private static func damaged(_ what: String) -> StoreFailure {
    StoreFailure(.corrupt, "The trading store holds an unreadable \(what).")
  }

  static func account(_ row: Row) throws -> VenueAccount {
    guard let tenant = TenantID(row["tenant"] as String), let profile = ProfileID(row["profile"] as String) else {
      throw damaged("account")
    }
    return VenueAccount(tenant: tenant, profile: profile)
  }

  static func instrument(_ row: Row) throws -> (Symbol, OrderSide, OrderID) {
    guard let symbol = Symbol(row["symbol"] as String), let side = OrderSide(rawValue: row["side"]),
      let id = OrderID(row["order_id"] as String)
    else { throw damaged("execution") }
    return (symbol, side, id)
  }

  static func order(_ id: OrderID, _ database: GRDB.Database) throws -> Order? {
    try Row.fetchOne(database, sql: "SELECT * FROM trade_order WHERE id = ?", arguments: [id.text]).map(order)
  }

  static func order(_ row: Row) throws -> Order {
    guard let id = OrderID(row["id"] as String), let venue = VenueID(row["venue"] as String),
      let symbol = Symbol(row["symbol"] as String), let side = OrderSide(rawValue: row["side"]),
      let purpose = Order.Purpose(rawValue: row["purpose"]), let state = OrderState(rawValue: row["state"]),
      let requestID = RequestID(row["request_id"] as String)
    else { throw damaged("order") }
    let price = (row["price"] as Int64?).map { Price(mantissa: $0) }
    let kind: OrderKind
    switch (row["kind"] as String, price) {
    case ("market", _): kind = .market
    case ("limit", let price?): kind = .limit(price)
    case ("stop", let price?): kind = .stop(price)
    default: throw damaged("order kind")
    }
    var stop: AttachedStop?
    if let text = row["stop_id"] as String?, let stopID = OrderID(text), let price = row["stop_price"] as Int64? {
      stop = AttachedStop(id: stopID, price: Price(mantissa: price))
    }
    var order = Order(
      request: VenueOrder(
        id: id, account: try account(row), symbol: symbol, side: side, kind: kind,
        quantity: Quantity(mantissa: row["quantity"]), attachedStop: stop),
      venue: venue, purpose: purpose, isReducing: row["reducing"], signal: row["signal"], actor: row["actor"],
      requestID: requestID, createdAt: WallTime(unixMilliseconds: row["created_at"]),
      holdPrice: Price(mantissa: row["hold_price"]))
    order.state = state
    order.isCancelPending = row["cancel_pending"]
    order.filled = Quantity(mantissa: row["filled"])
    order.filledNotional = Money(mantissa: row["filled_notional"])
    order.reason = row["reason"]
    order.sentAt = (row["sent_at"] as Int64?).map { WallTime(unixMilliseconds: $0) }
    order.answeredAt = (row["answered_at"] as Int64?).map { WallTime(unixMilliseconds: $0) }
    return order
  }

  static func ledgerRow(_ row: Row) throws -> LedgerRow {
    LedgerRow(
      sequence: row["seq"], transaction: row["tx"], at: WallTime(unixMilliseconds: row["at"]), owner: try account(row),
      account: row["account"], commodity: row["commodity"], amount: row["amount"])
  }
}
