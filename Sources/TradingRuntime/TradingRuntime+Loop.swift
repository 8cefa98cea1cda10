import ControlModel
import Store
import Strategy
import Synchronization
import Telemetry
import Venues

/// One pass: settle what is unsettled, take in bars, decide for every profile and symbol, send what was decided.
extension TradingRuntime {
  package func pass() async {
    let start = clocks.monotonic()
    let now = clocks.now
    await repeatCancels()
    await lookUpUnknown()
    let bars = takeBars(at: now)
    if !bars.isEmpty {
      await saveMarketPosition()
      let drafts = decide(at: now)
      for draft in drafts {
        // A refused draft is recorded where it was refused; the pass goes on with the next.
        do throws(Refusal) { _ = try await submit(draft) } catch {}
      }
    }
    let end = clocks.monotonic()
    metrics.loopDuration.observe(Int(end - start))
    metrics.passes.increment()
    metrics.lastCompleted.set(Double(clocks.now.unixMilliseconds) / 1000)
    publicState.withLock { state in
      state.passes += 1
      state.lastPassAt = clocks.now
    }
    observeBook(at: now)
  }

  /// New bars reach the venue first, then the indicators.
  private func takeBars(at now: WallTime) -> [MarketBar] {
    let bars = market.withLock { $0.data.next(at: now) }
    for bar in bars { onBar(bar.symbol, bar.bar) }
    market.withLock { market in
      for bar in bars {
        guard market.indicators[bar.symbol] != nil else { continue }
        do throws(BarProblem) {
          try market.indicators[bar.symbol]?.update(bar.bar)
        } catch {
          metrics.violations.counter("market_bar").increment()
          continue
        }
        market.lastPrice[bar.symbol] = try? Price(bar.bar.close, step: settings.instrument.tick)
        market.lastBarAt = now
        market.lastBarStart = bar.bar.start
      }
    }
    return bars
  }

  private func saveMarketPosition() async {
    let position = market.withLock { $0.data.position }
    do throws(StoreFailure) {
      try await records.setMarketPosition(position)
    } catch {
      // Only where a replay resumes; the next pass writes it again.
      log.emit(
        LogEvent(
          "runtime.position_not_saved", .warn, at: clocks.now, component: "runtime", body: error.message))
    }
  }

  /// What the strategies want now. Reads a snapshot; nothing is reserved yet.
  private func decide(at now: WallTime) -> [OrderDraft] {
    let (indicators, prices) = market.withLock { ($0.indicators, $0.lastPrice) }
    let accounts = book.withLock { book in
      book.accounts.values.map { account in
        let id = account.profile.account
        let unprotected = account.positions.keys.filter { book.reducible(id, $0).isPositive }
        // What is left for an order after the margin risk will hold for it.
        let power = (try? book.buyingPower(id).portion(basisPoints: 9_700, .down)) ?? .zero
        return (account, power, book.equity(id, prices), unprotected)
      }
    }
    var drafts: [OrderDraft] = []
    for (account, power, equity, unprotected) in accounts {
      let pipeline = Pipeline(account.profile.strategy)
      for symbol in account.profile.symbols {
        guard let market = indicators[symbol], let price = prices[symbol], let end = market.lastBarEnd,
          let quote = Quote(bid: price, ask: price, asOf: end)
        else { continue }
        let position = account.positions[symbol]?.quantity ?? .zero
        let context = RuleContext(
          market: market, instrument: settings.instrument, quote: quote,
          account: AccountView(equity: equity, buyingPower: power, position: position), now: end)
        let decision = pipeline.evaluate(context)
        metrics.signals.counter(decision.action.rawValue).increment()
        if let draft = draft(decision, account.profile, symbol, position) {
          drafts.append(draft)
        } else if let draft = protection(account, market, price, position, unprotected) {
          drafts.append(draft)
        }
      }
    }
    return drafts
  }

  private func draft(
    _ decision: Decision, _ profile: Profile, _ symbol: Symbol, _ position: Quantity
  ) -> OrderDraft? {
    guard let identity = decision.signal else { return nil }
    let text = [
      identity.symbol.text, identity.timeframe.rawValue, identity.barEnd.description, identity.direction.rawValue,
      identity.action.rawValue, String(identity.strategyVersion), identity.parameters,
    ].joined(separator: "|")
    let signal = OrderIDs.signal(text, of: profile.account)
    let request = ids.requestID()
    switch decision.action {
    case .none: return nil
    case .enter:
      guard let plan = decision.plan else { return nil }
      return OrderDraft(
        account: profile.account, symbol: symbol, side: plan.direction == .long ? .buy : .sell, kind: .market,
        quantity: plan.quantity, purpose: .entry, stop: plan.stop, signal: signal, actor: "strategy",
        requestID: request, id: OrderIDs.entry(signal: signal))
    case .exit:
      guard let size = try? position.absolute(), size.isPositive else { return nil }
      return OrderDraft(
        account: profile.account, symbol: symbol, side: position.isPositive ? .sell : .buy, kind: .market,
        quantity: size, purpose: .exit, signal: signal, actor: "strategy", requestID: request,
        id: OrderIDs.entry(signal: signal))
    }
  }

  /// A stop for a position that lost its own, e.g. because the exit that replaced it was rejected. Two ATR away, as the
  /// rules place it.
  private func protection(
    _ account: Book.Account, _ market: SymbolIndicators, _ price: Price, _ position: Quantity, _ unprotected: [Symbol]
  ) -> OrderDraft? {
    let profile = account.profile.account
    guard !position.isZero, unprotected.contains(market.symbol), let atr = market.atr, let end = market.lastBarEnd,
      gate.wouldAdmit(account.seat, venue: settings.venue, symbol: market.symbol, isReducing: true),
      let distance = try? Price(account.profile.strategy.risk.stopATR * atr, step: settings.instrument.tick),
      let level = try? position.isPositive ? price - distance : price + distance, level.isPositive,
      let size = try? position.absolute()
    else { return nil }
    let signal = OrderIDs.signal("protect|\(market.symbol)|\(end)", of: profile)
    return OrderDraft(
      account: profile, symbol: market.symbol, side: position.isPositive ? .sell : .buy, kind: .stop(level),
      quantity: size, purpose: .protective, signal: signal, actor: "strategy", requestID: ids.requestID(),
      id: OrderIDs.entry(signal: signal))
  }

  /// Brings the gauges that describe the book up to date.
  func observeBook(at now: WallTime) {
    let (prices, lastBarAt) = market.withLock { ($0.lastPrice, $0.lastBarAt) }
    let (open, inDoubt, notional) = book.withLock { book in
      var notional = 0.0
      for account in book.accounts.values {
        for (symbol, position) in account.positions {
          notional += abs(position.quantity.double) * (prices[symbol]?.double ?? 0)
        }
      }
      return (book.open.count, book.open.values.count { $0.state.isInDoubt }, notional)
    }
    metrics.open.set(Double(open))
    metrics.inDoubt.set(Double(inDoubt))
    metrics.exposure.set(notional)
    if let lastBarAt {
      metrics.marketAge.set(Double(now.unixMilliseconds - lastBarAt.unixMilliseconds) / 1000)
    }
  }
}
