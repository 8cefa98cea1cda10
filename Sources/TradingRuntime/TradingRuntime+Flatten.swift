package import ControlModel
package import Strategy
import Synchronization
import Telemetry
import Venues

/// Closing positions under a stop, because two people want it: in slices, at prices not much worse than the first, one
/// slice of a position after the other. Its orders pass the gate only while the stop grants exits.
extension TradingRuntime {
  /// Closes every position of `scope`, as far as the limits allow; returns when nothing is left to do, when `isGranted` says
  /// no more, or when its time is up. Slices still working then stay with the venue.
  ///
  /// - Parameters:
  ///   - name: of this flattening; the same name is the same orders.
  ///   - report: hears of progress, a few times a second at most.
  package func flatten(
    _ scope: ControlScope, name: String, _ limits: FlattenLimits, actor: String, requestID: RequestID,
    isGranted: @Sendable () -> Bool, report: @Sendable (FlattenProgress) async -> Void
  ) async -> FlattenProgress {
    var holdings = holdings(in: scope)
    var progress = FlattenProgress(positions: holdings.count)
    let deadline = clocks.monotonic() + limits.time.nanoseconds
    while true {
      let isGranted = isGranted()
      progress.note = isGranted ? nil : "exits are not granted any more"
      if isGranted {
        for index in holdings.indices { await step(&holdings[index], &progress, name, limits, actor, requestID) }
      }
      progress.closed = holdings.count { position(of: $0).isZero }
      let isLate = clocks.monotonic() >= deadline
      progress.isDone = progress.closed == holdings.count || !isGranted || isLate
      if isLate, progress.closed < holdings.count { progress.note = progress.note ?? "its time is up" }
      await report(progress)
      if progress.isDone { return progress }
      await sleep(Self.flattenPause)
    }
  }

  private static let flattenPause = Duration.milliseconds(100)

  /// One position being closed.
  struct Holding {
    let account: VenueAccount
    let symbol: Symbol
    /// The price slippage is counted from: the last one when the flattening began.
    let reference: Price
    var slices = 0
    var working: OrderID?
  }

  private func holdings(in scope: ControlScope) -> [Holding] {
    let prices = market.withLock { $0.lastPrice }
    return book.withLock { book in
      book.accounts.flatMap { account, held in
        held.positions.compactMap { symbol, position -> Holding? in
          guard !position.quantity.isZero, scope.covers(order(account, symbol)),
            let price = prices[symbol] ?? position.averagePrice
          else { return nil }
          return Holding(account: account, symbol: symbol, reference: price)
        }
      }.sorted {
        ($0.account.tenant, $0.account.profile, $0.symbol) < ($1.account.tenant, $1.account.profile, $1.symbol)
      }
    }
  }

  private func position(of holding: Holding) -> Quantity {
    book.withLock { $0.accounts[holding.account]?.positions[holding.symbol]?.quantity ?? .zero }
  }

  /// Moves one position on: nothing while a slice works; else room is made for the next slice, or it is sent.
  private func step(
    _ holding: inout Holding, _ progress: inout FlattenProgress, _ name: String, _ limits: FlattenLimits,
    _ actor: String, _ requestID: RequestID
  ) async {
    if let id = holding.working, openCount(among: [id]) > 0 { return }
    holding.working = nil
    let quantity = position(of: holding)
    guard !quantity.isZero else { return }
    guard venue.marketState(of: holding.symbol, at: clocks.now) == .open else {
      progress.note = "the market of \(holding.symbol) is closed"
      return
    }
    let side: OrderSide = quantity.isPositive ? .sell : .buy
    guard let last = market.withLock({ $0.lastPrice[holding.symbol] }),
      let limit = limits.limit(side, from: holding.reference), side == .sell ? last >= limit : last <= limit
    else {
      progress.note = "\(holding.symbol) has moved further than the slippage limit"
      return
    }
    let free = book.withLock { $0.reducible(holding.account, holding.symbol) }
    guard free.isPositive else { return await makeRoom(holding, side) }
    let slice = limits.slice(of: free, at: last, lot: settings.instrument.lot)
    guard let notional = try? last.notional(of: slice), let sum = try? progress.notional + notional,
      sum <= limits.notionalMax
    else {
      progress.note = "the notional limit of \(limits.notionalMax) USD is reached"
      return
    }
    holding.slices += 1
    let key = "flatten|\(name)|\(holding.symbol)|\(holding.slices)"
    let draft = OrderDraft(
      account: holding.account, symbol: holding.symbol, side: side, kind: .limit(limit), quantity: slice,
      purpose: .flatten, actor: actor, requestID: requestID, id: OrderIDs.manual(key, of: holding.account))
    do throws(Refusal) {
      let order = try await submit(draft)
      holding.working = order.id
      progress.slices += 1
      progress.notional = sum
    } catch {
      progress.note = error.detail
    }
  }

  /// The position's own stops hold its quantity: they are taken back when an exit can go in their place.
  private func makeRoom(_ holding: Holding, _ side: OrderSide) async {
    let orders = book.withLock { book in
      book.openOrders(of: holding.account).filter {
        $0.request.symbol == holding.symbol && $0.request.side == side && $0.purpose != .flatten && !$0.isCancelPending
      }.map(\.id)
    }
    _ = await cancel(orders)
  }
}

/// What a flattening may do to the market and to us.
package struct FlattenLimits: Equatable, Sendable {
  /// Most money in one slice, in dollars.
  package var sliceNotional = Money(mantissa: 5_000 * 100_000_000)
  /// Most money in one flattening.
  package var notionalMax = Money(mantissa: 1_000_000 * 100_000_000)
  /// Worst price against the last one before it began, in hundredths of a percent.
  package var slippageBasisPoints = 100
  /// How long it goes on.
  package var time = Duration.seconds(600)

  package init() {}

  /// The worst price a slice may have; nil when there is none.
  func limit(_ side: OrderSide, from reference: Price) -> Price? {
    side == .sell
      ? try? reference.portion(basisPoints: 10_000 - slippageBasisPoints, .down)
      : try? reference.portion(basisPoints: 10_000 + slippageBasisPoints, .up)
  }

  /// How much of `free` goes in one slice: whole lots worth no more than a slice, at least one lot, at most all.
  func slice(of free: Quantity, at price: Price, lot: Quantity) -> Quantity {
    guard lot.isPositive, price.isPositive, let one = try? price.notional(of: lot), one.isPositive else { return free }
    let lots = max(1, sliceNotional.mantissa / one.mantissa)
    let (mantissa, overflow) = lots.multipliedReportingOverflow(by: lot.mantissa)
    return overflow ? free : min(free, Quantity(mantissa: mantissa))
  }
}

/// How far a flattening is.
package struct FlattenProgress: Equatable, Sendable {
  package var positions: Int
  package var closed = 0
  package var slices = 0
  /// Sent so far, in dollars.
  package var notional = Money.zero
  package var isDone = false
  /// What it waits for, or why it ended early.
  package var note: String?

  package init(positions: Int) {
    self.positions = positions
  }
}
