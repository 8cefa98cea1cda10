package import ControlModel
import Strategy
import Synchronization
import Telemetry
import Venues

extension TradingRuntime: ControlledRuntime {
  package func publish(_ state: ControlState) { gate.publish(state) }
  package func setHeld(_ held: Bool) { gate.setHeld(held) }
  package func setLease(until end: Int64) { gate.setLease(until: end) }
  package var refusedCount: Int { gate.refusedCount }

  package func fence(at epoch: Epoch, scope: ControlScope) async -> FenceAcknowledgement {
    let deadline = clocks.monotonic() + settings.drainTimeout.nanoseconds
    let drained = await gate.drain(
      hasTimedOut: { clocks.monotonic() >= deadline },
      pause: { attempt in
        // A section lasts as long as one write: give way first, sleep only when that was not enough.
        await Task.yield()
        if attempt >= 64 { await sleep(.microseconds(100)) }
      })
    if drained == nil { await venue.reset() }
    return FenceAcknowledgement(
      replica: settings.replica, epoch: epoch, at: clocks.now, drained: drained ?? 0,
      sealedBy: drained == nil ? .reset : .ack, lastOrderOutAt: gate.lastOrderOut(scope), inDoubt: inDoubt(scope))
  }

  package func inDoubt(_ scope: ControlScope) -> [InDoubtOrder] {
    book.withLock { book in
      book.open.values.filter { $0.state.isInDoubt && scope.covers($0.scope) }
        .map { InDoubtOrder(order: $0.id, venue: $0.venue, since: $0.sentAt ?? $0.createdAt) }
        .sorted { ($0.since, $0.order) < ($1.since, $1.order) }
    }
  }

  package func orders(takenBackBy mode: CancelMode, scope: ControlScope) -> [OrderID] {
    book.withLock { book in
      book.open.values.filter { scope.covers($0.scope) && $0.state != .intent && mode.takesBack($0) }.map(\.id)
    }
  }

  package func cancel(_ orders: [OrderID]) async -> CancelReport {
    noteCancels(orders)
    let askable = takingCancels(orders)
    var report = CancelReport(requested: orders.count, pendingMarketOpen: orders.count - askable.count)
    await withTaskGroup(of: OrderID?.self) { group in
      var waiting = askable[...]
      for _ in 0..<Self.cancelsMax { if let id = waiting.popFirst() { group.addTask { await self.failedCancel(id) } } }
      for await failed in group {
        if let failed { report.failed.append(failed) }
        if let id = waiting.popFirst() { group.addTask { await self.failedCancel(id) } }
      }
    }
    report.confirmed = book.withLock { book in orders.count { book.open[$0] == nil } }
    return report
  }

  /// Those whose market takes cancels now, or that are not open any more.
  package func takingCancels(_ orders: [OrderID]) -> [OrderID] {
    let now = clocks.now
    let symbols = book.withLock { book in orders.map { (id: $0, symbol: book.open[$0]?.request.symbol) } }
    return symbols.filter { $0.symbol.map { venue.marketState(of: $0, at: now).takesCancels } ?? true }.map(\.id)
  }

  /// Cancels asked for at once; more would only queue at the venue.
  private static let cancelsMax = 8

  /// The order, when asking for its cancel failed.
  private func failedCancel(_ id: OrderID) async -> OrderID? {
    do throws(Refusal) {
      try await cancel(id)
      return nil
    } catch {
      return error.code == .notFound ? nil : id  // not open: it reached a final state meanwhile
    }
  }

  package func exposure(_ scope: ControlScope) -> Exposure {
    let prices = market.withLock { $0.lastPrice }
    return book.withLock { book in
      var exposure = Exposure()
      var tenants: Set<TenantID> = []
      for (account, held) in book.accounts {
        let symbols = held.profile.symbols.filter {
          scope.covers(
            OrderScope(tenant: account.tenant, profile: account.profile, venue: settings.venue, symbol: $0))
        }
        guard !symbols.isEmpty else { continue }
        tenants.insert(account.tenant)
        exposure.profiles += 1
        let open = book.openOrders(of: account)
        for symbol in symbols {
          let orders = open.filter { $0.request.symbol == symbol }
          exposure.openEntries += orders.count { $0.opensExposure }
          exposure.openProtective += orders.count { !$0.opensExposure }
          guard let position = held.positions[symbol], !position.quantity.isZero else { continue }
          exposure.positions += 1
          let isProtected = orders.contains { $0.purpose == .protective && $0.state == .working }
          if !isProtected { exposure.withoutVenueStop += 1 }
          let price = prices[symbol] ?? position.averagePrice ?? .zero
          let cents = (abs(position.quantity.double) * price.double * 100).rounded()
          exposure.notionalCents += Int64(min(cents, Exposure.centsMax))
        }
      }
      exposure.tenants = tenants.count
      return exposure
    }
  }
}

extension CancelMode {
  func takesBack(_ order: Order) -> Bool {
    switch self {
    case .none: false
    case .entries: order.opensExposure
    case .all: true
    }
  }
}

extension Duration {
  /// Whole nanoseconds, for arithmetic with monotonic readings.
  var nanoseconds: Int64 {
    let (seconds, attoseconds) = components
    return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
  }
}
