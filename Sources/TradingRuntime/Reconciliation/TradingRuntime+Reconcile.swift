import ControlModel
import Strategy
import Synchronization
import Telemetry
import Venues

/// Holding our book against the venue's. Differences become inputs of the same state machine; no corrective trade is sent.
extension TradingRuntime {
  /// After a start: what never left is denied, what may have left is asked for.
  func resolveUnfinished(_ orders: [Order]) async {
    for order in orders {
      switch order.state {
      case .intent:
        await apply(.deny(reason: "the process restarted before it was sent"), to: order.id, "order.denied", "denied")
      case .inFlight, .unknown:
        await apply(.uncertain, to: order.id, "order.unknown", "in doubt after a restart")
        await lookUp(order.id)
      default: await lookUp(order.id)
      }
    }
  }

  /// Compares working orders and positions, repairs what a look-up explains, and reports the rest.
  package func reconcile() async {
    let snapshot: VenueSnapshot
    do throws(VenueFailure) {
      snapshot = try await venue.snapshot()
    } catch {
      return log.emit(
        LogEvent(
          "reconcile.failed", .error, at: clocks.now, component: "runtime", body: "The venue gave no snapshot."))
    }
    let open = book.withLock { Array($0.open.values) }
    for order in open where snapshot.working[order.id] == nil && order.state != .intent { await lookUp(order.id) }

    let (mine, positions) = book.withLock { book in
      (Set(book.open.keys), Self.positions(book))
    }
    var mismatches = ["foreign_order": 0, "missing_order": 0, "position": 0]
    for id in snapshot.working.keys where !mine.contains(id) { mismatches["foreign_order", default: 0] += 1 }
    let quarantined = book.withLock { $0.open.values.count { $0.state == .quarantined } }
    mismatches["missing_order"] = quarantined
    for holding in Set(positions.keys).union(snapshot.positions.keys)
    where positions[holding] ?? .zero != snapshot.positions[holding] ?? .zero {
      mismatches["position", default: 0] += 1
    }
    let isStable = book.withLock { Self.positions($0) == positions }
    // A fill that arrived while we compared is not a difference; the next run sees it settled.
    guard isStable else { return }
    for (kind, count) in mismatches { metrics.mismatches.gauge(kind).set(Double(count)) }
    metrics.reconciled.set(Double(clocks.now.unixMilliseconds) / 1000)
    publicState.withLock { state in
      state.mismatches = mismatches
      state.lastReconciledAt = clocks.now
    }
  }

  private static func positions(_ book: Book) -> [VenueSnapshot.Holding: Quantity] {
    var positions: [VenueSnapshot.Holding: Quantity] = [:]
    for (account, held) in book.accounts {
      for (symbol, position) in held.positions where !position.quantity.isZero {
        positions[VenueSnapshot.Holding(account: account, symbol: symbol)] = position.quantity
      }
    }
    return positions
  }

  /// Asks the venue about one order by our id and applies what it says.
  func lookUp(_ id: OrderID) async {
    let report: VenueOrderReport?
    do throws(VenueFailure) {
      report = try await venue.lookUp(id)
    } catch {
      return  // still unknown; asked again by the next run
    }
    guard let report else {
      return await apply(.notFound, to: id, "order.quarantined", "the venue does not know it; a person must decide")
    }
    for execution in report.executions { await fill(id, execution.id, execution.quantity, execution.price) }
    switch report.status {
    case .working: await apply(.accepted, to: id, "order.working", "found working at the venue")
    case .filled: break
    case .canceled: await apply(.canceled, to: id, "order.canceled", "found canceled at the venue")
    case .rejected: await apply(.rejected(reason: "found rejected"), to: id, "order.rejected", "found rejected")
    case .expired: await apply(.expired, to: id, "order.expired", "found expired at the venue")
    }
    if report.status == .filled, report.order.attachedStop != nil { await adoptFoundProtection(report.order) }
  }

  private func adoptFoundProtection(_ parent: VenueOrder) async {
    guard let protection = parent.protection else { return }
    await take(VenueEvent(order: protection.id, what: .accepted, at: clocks.now))
    await lookUp(protection.id)
  }
}
