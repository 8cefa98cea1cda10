package import ControlModel
import Foundation
import GRDB
package import Store
import Strategy
package import Telemetry
package import Venues

/// The runtime's durable rows: profiles, orders, executions and the ledger, in a database of their own.
package final class TradingRecords: Sendable {
  private let database: Store.Database

  package init(_ path: String, clocks: Clocks, metrics: MetricRegistry) throws(StoreFailure) {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1 profiles, orders, executions, ledger") { try $0.execute(sql: TradingRows.schema) }
    database = try Store.Database(path, name: "trading", migrator: migrator, clocks: clocks, metrics: metrics)
  }

  // MARK: Writes

  /// Adds profiles that are not there yet, each with its opening deposit.
  func addMissing(_ profiles: [Profile], at now: WallTime) async throws(StoreFailure) {
    try await database.write { database in
      for profile in profiles {
        try TradingRows.insert(profile, at: now, database)
        if database.changesCount == 1 {
          try TradingRows.insert(.deposit(profile.capital, to: profile.account, at: now), database)
        }
      }
    }
  }

  /// T1: the intent, and the signal it follows. Throws `conflict` when the order or the signal exists already.
  func insert(_ order: Order) async throws(StoreFailure) {
    try await database.write { database in
      do {
        try TradingRows.insert(order, database)
      } catch let error as DatabaseError where error.resultCode == .SQLITE_CONSTRAINT {
        throw StoreFailure(.conflict, "Order \(order.id) exists already.")
      }
    }
  }

  /// The order's new state.
  func update(_ order: Order) async throws(StoreFailure) {
    try await database.write { try TradingRows.update(order, $0) }
  }

  /// What became of an execution the venue reported.
  enum Booking: Sendable {
    /// Booked with its ledger transaction; the order as it is now, and the protective stop the venue placed when it filled.
    case booked(Order, protection: Order?)
    /// Booked before.
    case repeated
    /// No such order of ours.
    case unknown
    /// The order cannot have filled like that.
    case illegal
  }

  /// Books an execution in one transaction: its row, the ledger, the order's new state and the stop placed with it.
  ///
  /// - Parameter open: the order as it is in memory; nil for one that is not open there, which is then read.
  func book(
    _ execution: VenueOrderReport.Execution, of id: OrderID, open: Order?, venue: VenueID, at now: WallTime
  ) async throws(StoreFailure) -> Booking {
    try await database.write { database in
      let isBooked = try Row.fetchOne(
        database, sql: "SELECT 1 FROM execution WHERE venue = ? AND id = ?", arguments: [venue.text, execution.id])
      guard isBooked == nil else { return .repeated }
      guard let before = try open ?? TradingRows.order(id, database) else { return .unknown }
      var after = before
      guard after.apply(.fill(quantity: execution.quantity, price: execution.price), at: now) == .changed,
        let ledger = try? LedgerTransaction.execution(execution, venue: venue, of: before, at: now)
      else { return .illegal }
      precondition(ledger.isBalanced, "transaction \(ledger.id) does not balance")
      try TradingRows.insert(execution, of: after, venue: venue, at: now, database)
      try TradingRows.insert(ledger, database)
      try TradingRows.update(after, database)
      let protection = after.state == .filled ? after.protection(at: now) : nil
      if let protection { try TradingRows.insert(protection, database, ignoringRepeats: true) }
      return .booked(after, protection: protection)
    }
  }

  func setMarketPosition(_ text: String) async throws(StoreFailure) {
    try await database.write { database in
      try database.execute(
        sql: "INSERT INTO meta VALUES ('market', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        arguments: [text])
    }
  }

  // MARK: Recovery

  struct Recovered: Sendable {
    var openOrders: [Order] = []
    var cash: [VenueAccount: Money] = [:]
    var executions: [(order: OrderID, account: VenueAccount, symbol: Symbol, side: OrderSide, Quantity, Price)] = []
    var marketPosition: String?
  }

  /// Everything memory is rebuilt from. Executions come in the order they were booked.
  func recover() async throws(StoreFailure) -> Recovered {
    try await database.read { database in
      var recovered = Recovered()
      recovered.openOrders = try Row.fetchAll(
        database,
        sql: "SELECT * FROM trade_order WHERE state NOT IN ('filled','canceled','rejected','expired','denied')"
      ).map(TradingRows.order)
      for row in try Row.fetchAll(
        database,
        sql:
          "SELECT tenant, profile, SUM(amount) AS cash FROM ledger WHERE account = 'assets:cash' GROUP BY tenant, profile"
      ) {
        recovered.cash[try TradingRows.account(row)] = Money(mantissa: row["cash"])
      }
      recovered.executions = try Row.fetchAll(
        database,
        sql: """
          SELECT o.tenant, o.profile, o.symbol, o.side, e.order_id, e.quantity, e.price FROM execution e
          JOIN trade_order o ON o.id = e.order_id ORDER BY e.rowid
          """
      ).map { row in
        let (symbol, side, id) = try TradingRows.instrument(row)
        return (
          id, try TradingRows.account(row), symbol, side, Quantity(mantissa: row["quantity"]),
          Price(mantissa: row["price"])
        )
      }
      recovered.marketPosition = try String.fetchOne(database, sql: "SELECT value FROM meta WHERE name = 'market'")
      return recovered
    }
  }

  /// Where a replay stopped; read at start, before anything runs.
  package func marketPosition() throws(StoreFailure) -> String? {
    try database.readNow { try String.fetchOne($0, sql: "SELECT value FROM meta WHERE name = 'market'") }
  }

  // MARK: Reading for REST

  /// One tenant's orders, newest first. Every query here names a tenant: there is none across tenants.
  package func orders(
    of tenant: TenantID, profile: ProfileID?, open: Bool?, before: Int64?, limit: Int
  ) async throws(StoreFailure) -> [(row: Int64, order: Order)] {
    var conditions = ["tenant = ?"]
    var arguments: [any DatabaseValueConvertible] = [tenant.text]
    if let profile {
      conditions.append("profile = ?")
      arguments.append(profile.text)
    }
    if let open {
      conditions.append("state \(open ? "NOT " : "")IN ('filled','canceled','rejected','expired','denied')")
    }
    if let before {
      conditions.append("rowid < ?")
      arguments.append(before)
    }
    let sql = """
      SELECT rowid, * FROM trade_order WHERE \(conditions.joined(separator: " AND ")) ORDER BY rowid DESC LIMIT \(limit)
      """
    let bound: StatementArguments = StatementArguments(arguments)
    return try await database.read { database in
      try Row.fetchAll(database, sql: sql, arguments: bound).map { ($0["rowid"], try TradingRows.order($0)) }
    }
  }

  package func order(_ id: OrderID, of tenant: TenantID) async throws(StoreFailure) -> Order? {
    let order = try await database.read { try TradingRows.order(id, $0) }
    return order?.request.account.tenant == tenant ? order : nil
  }

  package func ledger(
    of tenant: TenantID, profile: ProfileID?, before: Int64?, limit: Int
  ) async throws(StoreFailure) -> [LedgerRow] {
    let conditions = ["tenant = ?", profile == nil ? nil : "profile = ?", before == nil ? nil : "seq < ?"]
    let possible: [(any DatabaseValueConvertible)?] = [tenant.text, profile?.text, before]
    let arguments: [any DatabaseValueConvertible] = possible.compactMap(\.self)
    let sql = """
      SELECT * FROM ledger WHERE \(conditions.compactMap(\.self).joined(separator: " AND ")) ORDER BY seq DESC LIMIT \(limit)
      """
    let bound: StatementArguments = StatementArguments(arguments)
    return try await database.read { try Row.fetchAll($0, sql: sql, arguments: bound).map(TradingRows.ledgerRow) }
  }

  /// Sum of every posting per commodity over the whole ledger: zero, or the books are broken.
  package func ledgerSums() async throws(StoreFailure) -> [String: Int64] {
    try await database.read { database in
      var sums: [String: Int64] = [:]
      for row in try Row.fetchAll(database, sql: "SELECT commodity, SUM(amount) AS sum FROM ledger GROUP BY commodity")
      {
        sums[row["commodity"]] = row["sum"]
      }
      return sums
    }
  }
}

/// One posting as stored.
package struct LedgerRow: Sendable {
  package let sequence: Int64
  package let transaction: String
  package let at: WallTime
  package let owner: VenueAccount
  package let account: String
  package let commodity: String
  package let amount: Int64
}
