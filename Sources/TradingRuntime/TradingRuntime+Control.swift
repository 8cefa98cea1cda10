package import ControlModel
import Strategy
import Synchronization
import Telemetry
import Venues

extension TradingRuntime: ControlledRuntime {
  package func publish(_ state: ControlState) { gate.publish(state) }
  package func setHeld(_ held: Bool) { gate.setHeld(held) }
  package var refusedCount: Int { gate.refusedCount }

  package func fence(at epoch: Epoch, scope: ControlScope) async -> FenceAcknowledgement {
    let deadline = clocks.monotonic() + settings.drainTimeout.nanoseconds
    let drained = await gate.drain(
      hasTimedOut: { clocks.monotonic() >= deadline },
      pause: { attempt in
        // Sections last as long as one commit: give way first, sleep only when that was not enough.
        if attempt < 64 { await Task.yield() } else { await sleep(.microseconds(100)) }
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

  package func cancel(_ mode: CancelMode, scope: ControlScope) async -> CancelReport {
    let targets = book.withLock { book in
      book.open.values.filter { order in
        scope.covers(order.scope) && order.state != .intent && !order.isCancelPending
          && (mode == .all || (mode == .entries && order.opensExposure))
      }.map(\.id)
    }
    var report = CancelReport()
    for id in targets {
      do throws(Refusal) {
        try await cancel(id)
        report.requested += 1
      } catch  where error.code == .notFound {
        continue  // it reached a final state meanwhile
      } catch {
        report.failed.append(id)
      }
    }
    let open = book.withLock { book in targets.count { book.open[$0] != nil } }
    report.confirmed = max(0, report.requested - open)
    return report
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
          exposure.notionalCents += Int64((abs(position.quantity.double) * price.double * 100).rounded())
        }
      }
      exposure.tenants = tenants.count
      return exposure
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
