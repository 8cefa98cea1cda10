package import ControlModel
import Strategy
import Synchronization
import Telemetry
package import Venues

/// What has to be so before trading of a scope starts again, and while it does.
extension TradingRuntime {
  /// What stands in the way of starting `scope` again. Compares the books now, so what it says of them is recent.
  package func obstacles(_ scope: ControlScope) async -> [Obstacle] {
    guard !profiles(in: scope).isEmpty else { return [] }
    var found: [Obstacle] = []
    if await reconcile() {
      if let difference = difference { found.append(Obstacle(.reconciliation, difference)) }
    } else {
      found.append(Obstacle(.reconciliation, "the books could not be compared with the venue \(settings.venue)'s"))
    }
    if let stale = staleness(scope) { found.append(Obstacle(.feed, stale)) }
    return found
  }

  /// What should end a staged release of `scope`: nil while all is well. Reads what is known, asks nobody.
  package func alarm(_ scope: ControlScope) -> Obstacle? {
    guard !profiles(in: scope).isEmpty else { return nil }
    if let difference = difference { return Obstacle(.reconciliation, difference) }
    let now = clocks.now.unixMilliseconds
    if let old = inDoubt(scope).first(where: { now - $0.since.unixMilliseconds > Self.doubtMilliseconds }) {
      return Obstacle(.inDoubt, "order \(old.order) has had no known outcome for \(Self.doubtMilliseconds / 1000) s")
    }
    return staleness(scope).map { Obstacle(.feed, $0) }
  }

  /// An order may be on its way this long before a staged release takes it for trouble.
  private static let doubtMilliseconds: Int64 = 10_000
  /// Prices younger than this are never too old.
  private static let freshMilliseconds: Int64 = 30_000

  private var difference: String? {
    let count = state.mismatches.values.reduce(0, +)
    return count > 0 ? "our books differ from the venue's in \(count) place\(count == 1 ? "" : "s")" : nil
  }

  private func staleness(_ scope: ControlScope) -> String? {
    let now = clocks.now
    // Without an open market there are no new prices to wait for.
    guard markets(in: scope).contains(where: { $0.state == .open }) else { return nil }
    guard let last = lastBarAt else { return "no price has come since the start" }
    let age = abs(now.unixMilliseconds - last.unixMilliseconds)
    guard age > max(Self.freshMilliseconds, 3 * Int64(settings.barInterval / .milliseconds(1))) else { return nil }
    return "the newest price is \(DurationSetting.text(milliseconds: age)) old"
  }

  /// Profiles with a symbol that `scope` covers, sorted.
  package func profiles(in scope: ControlScope) -> [ProfileKey] {
    book.withLock { book in
      book.accounts.filter { account, held in
        held.profile.symbols.contains { scope.covers(order(account, $0)) }
      }.map { ProfileKey(tenant: $0.key.tenant, profile: $0.key.profile) }.sorted()
    }
  }

  /// Symbols traded in `scope`, sorted, each with what its market takes now.
  package func markets(in scope: ControlScope) -> [(symbol: Symbol, state: MarketStanding)] {
    let now = clocks.now
    let symbols = book.withLock { book in
      book.accounts.reduce(into: Set<Symbol>()) { symbols, entry in
        for symbol in entry.value.profile.symbols where scope.covers(order(entry.key, symbol)) {
          symbols.insert(symbol)
        }
      }
    }
    return symbols.sorted().map { ($0, venue.marketState(of: $0, at: now)) }
  }

  /// How many of `orders` are still open.
  package func openCount(among orders: [OrderID]) -> Int {
    book.withLock { book in orders.count { book.open[$0] != nil } }
  }

  func order(_ account: VenueAccount, _ symbol: Symbol) -> OrderScope {
    OrderScope(tenant: account.tenant, profile: account.profile, venue: settings.venue, symbol: symbol)
  }
}
