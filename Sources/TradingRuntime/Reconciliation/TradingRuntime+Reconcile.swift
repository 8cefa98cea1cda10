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
      case .inFlight:
        await apply(.uncertain, to: order.id, "order.unknown", "in doubt after a restart")
        await lookUp(order.id)
      default: await lookUp(order.id)
      }
    }
  }

  /// Compares working orders and positions, repairs what a look-up explains, and reports the rest. False when the venue gave
  /// no snapshot, or fills kept coming while we compared: then nothing is known to be different or equal.
  @discardableResult
  package func reconcile() async -> Bool {
    for _ in 0..<Self.comparisonsMax {
      let before = book.withLock { Self.positions($0) }
      let snapshot: VenueSnapshot
      do throws(VenueFailure) {
        snapshot = try await venue.snapshot()
      } catch {
        log.emit(
          LogEvent(
            "reconcile.failed", .error, at: clocks.now, component: "runtime", body: "The venue gave no snapshot."))
        return false
      }
      await settle(against: snapshot)
      let (positions, mismatches) = book.withLock { (Self.positions($0), Self.mismatches($0, snapshot)) }
      guard positions == before else { continue }
      report(mismatches)
      return true
    }
    return false
  }

  /// Comparisons tried in one run before the next one has to do.
  private static let comparisonsMax = 5

  /// Asks about every order whose state differs from what the snapshot says of it.
  private func settle(against snapshot: VenueSnapshot) async {
    let open = book.withLock { Array($0.open.values) }
    for order in open where order.state != .intent {
      if snapshot.working[order.id] == nil || order.state.isInDoubt {
        await lookUp(order.id)
      } else if order.isCancelPending {
        // Asked before the venue had the order, or the answer was lost. Asking again changes nothing else.
        do throws(VenueFailure) { try await venue.cancel(order.id) } catch {}
      }
    }
  }

  private static func mismatches(_ book: Book, _ snapshot: VenueSnapshot) -> [String: Int] {
    let positions = positions(book)
    return [
      "foreign_order": snapshot.working.keys.count { book.open[$0] == nil },
      "missing_order": book.open.values.count { $0.state == .quarantined },
      "position": Set(positions.keys).union(snapshot.positions.keys).count {
        positions[$0] ?? .zero != snapshot.positions[$0] ?? .zero
      },
    ]
  }

  private func report(_ mismatches: [String: Int]) {
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

  // MARK: Orders without a known outcome

  /// Each pass: asks about orders whose fate is unknown.
  func lookUpUnknown() async {
    let unknown = book.withLock { book in book.open.values.filter { $0.state == .unknown }.map(\.id) }
    for id in unknown.prefix(Self.lookUpsMax) { await lookUp(id) }
  }

  /// Look-ups of one pass: a venue counts them against the same limit as orders.
  private static let lookUpsMax = 10
  /// How long an order that a venue does not know may still be on its way.
  private static let arrivalMilliseconds: Int64 = 60_000

  /// Asks the venue about one order by our id and applies what it says.
  func lookUp(_ id: OrderID) async {
    let report: VenueOrderReport?
    do throws(VenueFailure) {
      report = try await venue.lookUp(id)
    } catch {
      return  // still unknown; asked again by the next pass
    }
    guard let report else { return await conclude(unseen: id) }
    for execution in report.executions { await fill(id, execution) }
    switch report.status {
    case .working: await apply(.accepted, to: id, "order.working", "found working at the venue")
    case .filled: break
    case .canceled: await apply(.canceled, to: id, "order.canceled", "found canceled at the venue")
    case .rejected: await apply(.rejected(reason: "found rejected"), to: id, "order.rejected", "found rejected")
    case .expired: await apply(.expired, to: id, "order.expired", "found expired at the venue")
    }
  }

  /// The venue does not know an order of ours.
  private func conclude(unseen id: OrderID) async {
    if venue.knowsEveryOrder {
      await apply(.neverArrived, to: id, "order.denied", "it never reached the venue")
      return
    }
    guard let order = book.withLock({ $0.open[id] }), let sent = order.sentAt,
      clocks.now.unixMilliseconds - sent.unixMilliseconds >= Self.arrivalMilliseconds
    else { return }
    await apply(.notFound, to: id, "order.quarantined", "the venue does not know it; a person must decide")
  }
}
