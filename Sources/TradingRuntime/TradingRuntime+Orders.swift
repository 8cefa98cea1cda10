package import ControlModel
import Store
import Strategy
import Synchronization
import Telemetry
import Venues

/// Sending an order: risk and reservation → durable intent → durable mark → gate → wire.
extension TradingRuntime {
  /// Sends one order. The same id is the same order: sending it again returns what stands.
  ///
  /// Refuses `trading.rejected` (risk), `trading.halted` or `trading.unknown` (the gate), `store.unavailable` (nothing
  /// durable, so nothing was sent), `upstream.connect` (the venue). When it returns, the order is with the venue or known
  /// to be in doubt. A caller that is cancelled stops waiting; the order goes its way.
  @discardableResult
  package func submit(_ draft: OrderDraft) async throws(Refusal) -> Order {
    switch try reserve(draft) {
    case .open(let order): return order
    case .reserved(let order):
      // Ends with the order sent or denied; nobody cancels it.
      return try await Task { await carry(order) }.value.get()
    }
  }

  private enum Reservation {
    case open(Order)
    case reserved(Order)
  }

  /// Risk's answer, with quantity and money reserved in the book.
  private func reserve(_ draft: OrderDraft) throws(Refusal) -> Reservation {
    let price = market.withLock { $0.lastPrice[draft.symbol] }
    let now = clocks.now
    let result: Result<Reservation, RiskDenial> = book.withLock { book in
      if let open = book.open[draft.id] { return .success(.open(open)) }
      do throws(RiskDenial) {
        let order = try RiskCheck.order(draft, venue: settings.venue, in: book, lastPrice: price, now: now)
        book.add(order)
        return .success(.reserved(order))
      } catch {
        return .failure(error)
      }
    }
    switch result {
    case .success(let reservation): return reservation
    case .failure(let denial):
      metrics.blocked.counter("risk").increment()
      if draft.purpose == .exit, denial.code == .nothingToReduce { postponeExit(draft) }
      throw Refusal(
        .tradingRejected, "Risk refused the order: \(denial.code.rawValue), \(denial.detail).",
        fields: [FieldProblem("code", denial.code.rawValue)])
    }
  }

  /// An exit whose quantity a protective stop has reserved: take the stop back, and exit when the venue confirms. Not while
  /// the gate would turn the exit away: the position would be left without either.
  private func postponeExit(_ draft: OrderDraft) {
    let seat = gate.seat(draft.account.tenant, draft.account.profile)
    guard gate.wouldAdmit(seat, venue: settings.venue, symbol: draft.symbol, isReducing: true) else { return }
    let stops = book.withLock { book in
      book.openOrders(of: draft.account).filter {
        $0.request.symbol == draft.symbol && $0.purpose == .protective && book.postpone(draft, until: $0.id)
      }
    }
    for stop in stops {
      // Ends with the venue's answer to one cancel; nothing waits for it.
      Task { _ = try? await self.cancel(stop.id) }
    }
  }

  /// From the reservation to the wire.
  private func carry(_ order: Order) async -> Result<Order, Refusal> {
    do throws(Refusal) {
      do throws(StoreFailure) {
        try await records.insert(order)
      } catch  where error.kind == .conflict {
        book.withLock { $0.remove(order.id) }
        return .success(try await existing(order))
      } catch {
        book.withLock { $0.remove(order.id) }
        throw Refusal(.storeUnavailable, "The order was not sent: \(error.message)", retryAfterSeconds: 1)
      }
      note(order, "order.intent", "intended")
      return .success(try await send(order))
    } catch {
      return .failure(error)
    }
  }

  private func existing(_ order: Order) async throws(Refusal) -> Order {
    do throws(StoreFailure) {
      if let stored = try await records.order(order.id, of: order.request.account.tenant) { return stored }
    } catch {
      throw Refusal(.storeUnavailable, error.message, retryAfterSeconds: 1)
    }
    throw Refusal(.tradingRejected, "The signal behind this order has been acted on already.")
  }

  /// The mark on disk says "may have left" and comes before the gate: a section then holds nothing but the write, so that a
  /// slow disk cannot keep a stop waiting. In memory the order is handed over only inside its section.
  private func send(_ order: Order) async throws(Refusal) -> Order {
    let (account, symbol) = (order.request.account, order.request.symbol)
    let seat = gate.seat(account.tenant, account.profile)
    let isExit = order.purpose == .flatten
    if let refused = gate.refusal(
      seat, venue: order.venue, symbol: symbol, isReducing: order.isReducing, isExit: isExit)
    {
      throw await deny(order, refused)
    }
    try await mark(order)
    let connection = venue.connection
    let granted = isExit ? exitsGranted(to: order) : []
    switch gate.enter(seat, venue: order.venue, symbol: symbol, isReducing: order.isReducing, isExit: isExit) {
    case .refused(let refused): throw await deny(order, refused)
    case .passed(let pass):
      let startedAt = clocks.monotonic()
      let failure = await write(order, over: connection, seat, within: pass)
      gate.leave(pass)
      note(order, startedAt: startedAt, failure, granted: granted)
      return try await conclude(order, failure)
    }
  }

  private func mark(_ order: Order) async throws(Refusal) {
    var marked = order
    _ = marked.apply(.dispatch, at: clocks.now)
    do throws(StoreFailure) {
      try await records.update(marked)
    } catch {
      await apply(.deny(reason: error.message), to: order.id, "order.denied", "denied")
      throw Refusal(.storeUnavailable, "The order was not sent: \(error.message)", retryAfterSeconds: 1)
    }
  }

  /// Inside the gate's section: nothing here waits for anything but the connection.
  private func write(
    _ order: Order, over connection: VenueConnection, _ seat: GateSeat, within pass: GatePass
  ) async -> VenueFailure? {
    book.withLock { _ = $0.apply(.dispatch, to: order.id, at: clocks.now) }
    var request = order.request
    if pass.leaseEnd != .max {
      request.expiresAt = clocks.now.adding(milliseconds: (pass.leaseEnd - clocks.monotonic()) / 1_000_000)
    }
    do throws(VenueFailure) {
      try await venue.write(request, over: connection)
    } catch {
      if case .uncertain = error { seat.noteOrderOut(at: clocks.now) }
      return error
    }
    seat.noteOrderOut(at: clocks.now)
    return nil
  }

  private func conclude(_ order: Order, _ failure: VenueFailure?) async throws(Refusal) -> Order {
    switch failure {
    case nil:
      metrics.count("submitted")
      note(order, "order.sent", "sent to \(order.venue)")
    case .uncertain(let why):
      await apply(.uncertain, to: order.id, "order.unknown", "in doubt: \(why)")
    case .notSent(let why):
      await apply(.notSent(reason: why), to: order.id, "order.denied", "not sent: \(why)")
      throw Refusal(.upstreamConnect, "The order was not sent to the venue \(order.venue): \(why).")
    }
    if let open = book.withLock({ $0.open[order.id] }) { return open }
    return (try? await records.order(order.id, of: order.request.account.tenant)) ?? order
  }

  private func deny(_ order: Order, _ refused: GateRefusal) async -> Refusal {
    let refusal = gateRefusal(order, refused)
    await apply(.deny(reason: refusal.detail), to: order.id, "order.denied", "denied")
    return refusal
  }

  private func gateRefusal(_ order: Order, _ refused: GateRefusal) -> Refusal {
    if refused.isLeaseOver, !refused.isHeld {
      metrics.blocked.counter("lease").increment()
      return Refusal(
        .tradingUnknown, "Trading waits for the control store: this gate could not renew its permission.",
        retryAfterSeconds: 2)
    }
    if refused.isHeld {
      metrics.blocked.counter("held").increment()
      return Refusal(.tradingUnknown, "Trading is held until control state is known.", retryAfterSeconds: 2)
    }
    let causes = gate.state.effective(for: order.scope).causes
    let widest = causes.first { $0.scope.tenant == nil } ?? causes.first
    metrics.blocked.counter(
      widest.map { $0.scope.profile != nil ? "profile" : $0.scope.tenant != nil ? "tenant" : "halt" } ?? "halt"
    ).increment()
    let cause = widest.map { " (\($0.scope.summary), since \($0.createdAt))" } ?? ""
    return refused.level == .reduceOnly
      ? Refusal(.tradingHalted, "Only orders that shrink a position are admitted\(cause).")
      : Refusal(.tradingHalted, "Trading is halted\(cause); it will not resume by itself.")
  }
}
