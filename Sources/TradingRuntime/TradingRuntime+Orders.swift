package import ControlModel
import Store
import Strategy
import Synchronization
import Telemetry
import Venues

/// The life of one order: risk and reservation → durable intent → gate → durable mark → wire → answer.
extension TradingRuntime {
  /// Sends one order. The same id is the same order: sending it again returns what stands.
  ///
  /// Refuses `trading.rejected` (risk), `trading.halted` or `trading.unknown` (the gate), `store.unavailable` (no durable
  /// intent, so nothing was sent). When it returns, the order is with the venue or known to be in doubt.
  @discardableResult
  package func submit(_ draft: OrderDraft) async throws(Refusal) -> Order {
    let order = try reserve(draft)
    do throws(StoreFailure) {
      try await records.insert(order)
    } catch  where error.kind == .conflict {
      book.withLock { $0.remove(order.id) }
      return try await existing(order)
    } catch {
      book.withLock { $0.remove(order.id) }
      throw Refusal(.storeUnavailable, "The order was not sent: \(error.message)")
    }
    note(order, "order.intent", "intended")
    return try await send(order)
  }

  /// Risk's answer, with quantity and money reserved in the book.
  private func reserve(_ draft: OrderDraft) throws(Refusal) -> Order {
    let price = market.withLock { $0.lastPrice[draft.symbol] }
    let now = clocks.now
    let result: Result<Order, RiskDenial> = book.withLock { book in
      do throws(RiskDenial) {
        if book.open[draft.id] != nil { throw RiskDenial(code: .duplicate, detail: "order \(draft.id) is open") }
        let order = try RiskCheck.order(draft, venue: settings.venue, in: book, lastPrice: price, now: now)
        book.add(order)
        return .success(order)
      } catch {
        return .failure(error)
      }
    }
    switch result {
    case .success(let order): return order
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

  private func existing(_ order: Order) async throws(Refusal) -> Order {
    do throws(StoreFailure) {
      if let stored = try await records.order(order.id, of: order.request.account.tenant) { return stored }
    } catch {
      throw Refusal(.storeUnavailable, error.message)
    }
    throw Refusal(.tradingRejected, "The signal behind this order has been acted on already.")
  }

  /// Through the gate and onto the wire.
  private func send(_ order: Order) async throws(Refusal) -> Order {
    let seat = gate.seat(order.request.account.tenant, order.request.account.profile)
    switch gate.enter(seat, venue: order.venue, symbol: order.request.symbol, isReducing: order.isReducing) {
    case .refused(let level, let isHeld):
      let refusal = gateRefusal(order, level, isHeld: isHeld)
      await apply(.deny(reason: refusal.detail), to: order.id, "order.denied", "denied")
      throw refusal
    case .passed(let pass):
      let failure = await write(order, seat)
      gate.leave(pass)
      if let failure { throw failure }
      return book.withLock { $0.open[order.id] } ?? order
    }
  }

  /// Inside the gate's section: the durable mark, then the bytes.
  private func write(_ order: Order, _ seat: GateSeat) async -> Refusal? {
    guard let marked = mark(order) else { return nil }
    do throws(StoreFailure) {
      try await records.update(marked)
    } catch {
      await apply(.notSent(reason: error.message), to: order.id, "order.denied", "denied")
      return Refusal(.storeUnavailable, "The order was not sent: \(error.message)")
    }
    do throws(VenueFailure) {
      try await venue.write(order.request)
      seat.noteOrderOut(at: clocks.now)
      metrics.count("submitted")
      note(marked, "order.sent", "sent to \(order.venue)")
      return nil
    } catch {
      switch error {
      case .notSent(let why):
        await apply(.notSent(reason: why), to: order.id, "order.denied", "not sent: \(why)")
        return Refusal(.upstreamConnect, "The venue \(order.venue) could not be reached; the order was not sent.")
      case .uncertain(let why):
        seat.noteOrderOut(at: clocks.now)
        await apply(.uncertain, to: order.id, "order.unknown", "in doubt: \(why)")
        return nil
      }
    }
  }

  private func mark(_ order: Order) -> Order? {
    book.withLock { $0.apply(.dispatch, to: order.id, at: clocks.now)?.order }
  }

  private func gateRefusal(_ order: Order, _ level: ControlLevel, isHeld: Bool) -> Refusal {
    if isHeld {
      metrics.blocked.counter("held").increment()
      return Refusal(.tradingUnknown, "Trading is held until control state is known.", retryAfterSeconds: 2)
    }
    let causes = gate.effective(order.scope).causes
    let widest = causes.first { $0.scope.tenant == nil } ?? causes.first
    metrics.blocked.counter(
      widest.map { $0.scope.profile != nil ? "profile" : $0.scope.tenant != nil ? "tenant" : "halt" } ?? "halt"
    ).increment()
    let cause = widest.map { " (\($0.scope.summary), since \($0.createdAt))" } ?? ""
    return level == .reduceOnly
      ? Refusal(.tradingHalted, "Only orders that shrink a position are admitted\(cause).")
      : Refusal(.tradingHalted, "Trading is halted\(cause); it will not resume by itself.")
  }

  // MARK: Cancels

  /// Asks the venue to take an order back. Never gated. Refuses `resource.unknown` when the order is not open.
  @discardableResult
  package func cancel(_ id: OrderID) async throws(Refusal) -> Order {
    guard let (order, outcome) = book.withLock({ $0.apply(.requestCancel, to: id, at: clocks.now) }) else {
      throw Refusal(.notFound, "Order \(id) is not open.")
    }
    guard outcome == .changed else { return order }
    await save(order)
    note(order, "order.cancel_requested", "cancel requested")
    do throws(VenueFailure) {
      try await venue.cancel(id)
    } catch {
      await apply(.refuseCancel, to: id, "order.cancel_failed", "the cancel did not reach the venue")
      throw Refusal(.upstreamConnect, "The cancel did not reach the venue \(order.venue); try again.")
    }
    return order
  }

  // MARK: The venue's answers

  func take(_ event: VenueEvent) async {
    switch event.what {
    case .accepted:
      if await adoptProtection(event.order) { return }
      await apply(.accepted, to: event.order, "order.working", "accepted by the venue")
    case .rejected(let reason):
      metrics.reject(reason)
      metrics.count("rejected")
      await apply(.rejected(reason: reason), to: event.order, "order.rejected", "rejected by the venue: \(reason)")
    case .canceled:
      await apply(.canceled, to: event.order, "order.canceled", "canceled")
      if let exit = book.withLock({ $0.takePostponedExit(event.order) }) {
        // A refusal is on record where it was decided; the next pass protects the position again.
        do throws(Refusal) { try await submit(exit) } catch {}
      }
    case .expired: await apply(.expired, to: event.order, "order.expired", "expired")
    case .filled(let execution, let quantity, let price):
      await fill(event.order, execution, quantity, price)
    }
  }

  /// Books an execution once, whatever the number of times the venue reports it.
  func fill(_ id: OrderID, _ execution: String, _ quantity: Quantity, _ price: Price) async {
    let now = clocks.now
    guard let before = book.withLock({ $0.open[id] }) else { return countStray("fill") }
    var after = before
    guard after.apply(.fill(quantity: quantity, price: price), at: now) == .changed,
      let ledger = try? LedgerTransaction.execution(
        execution, venue: before.venue, of: before, quantity: quantity, price: price, at: now)
    else { return countStray("overfill") }
    do throws(StoreFailure) {
      guard try await records.book(execution, of: after, quantity: quantity, price: price, ledger: ledger) else {
        return
      }
    } catch {
      // Not booked: the venue still has it, and reconciliation books it when the store is back.
      return log.emit(
        LogEvent(
          "order.fill_not_booked", .error, at: now, component: "runtime", body: error.message,
          requestID: before.requestID, tenant: before.request.account.tenant))
    }
    let outcome = book.withLock { book -> Order.Outcome? in
      let applied = book.apply(.fill(quantity: quantity, price: price), to: id, at: now)
      do throws(NumberError) { try book.book(before, quantity, at: price) } catch { return .illegal }
      return applied?.1
    }
    if outcome != .changed { countStray("fill_state") }
    metrics.count(after.state == .filled ? "filled" : "partially_filled")
    observeAck(before, now)
    note(after, "order.filled", "\(quantity) filled at \(price)")
  }

  /// A protective stop the venue placed when its parent filled: it becomes an order of ours. False for any other order.
  private func adoptProtection(_ id: OrderID) async -> Bool {
    let parents = book.withLock { book in book.open[id] == nil ? Array(book.protections.values) : [] }
    guard let parent = parents.first(where: { $0.request.attachedStop?.id == id }),
      let request = parent.request.protection
    else { return false }
    var order = Order(
      request: request, venue: parent.venue, purpose: .protective, isReducing: true, signal: nil, actor: parent.actor,
      requestID: parent.requestID, createdAt: clocks.now, holdPrice: request.kind.price ?? parent.holdPrice)
    order.state = .working
    order.sentAt = clocks.now
    let adopted = order
    book.withLock { book in
      book.add(adopted)
      book.forgetProtection(of: parent.id)
    }
    do throws(StoreFailure) {
      try await records.adopt(adopted)
    } catch {
      countStray("adopt")
    }
    note(adopted, "order.protected", "protective stop working at \(request.kind.price?.description ?? "?")")
    return true
  }

  /// Applies an answer to an open order and makes it durable.
  func apply(_ input: Order.Input, to id: OrderID, _ name: String, _ what: String) async {
    let now = clocks.now
    guard let (order, outcome) = book.withLock({ $0.apply(input, to: id, at: now) }) else { return }
    switch outcome {
    case .changed:
      await save(order)
      if order.answeredAt == now { observeAck(order, now) }
      note(order, name, what)
    case .ignored: break
    case .illegal: countStray("transition")
    }
  }

  private func save(_ order: Order) async {
    do throws(StoreFailure) {
      try await records.update(order)
    } catch {
      // Memory is ahead of the disk; after a crash the order is looked up at the venue again.
      log.emit(
        LogEvent(
          "order.not_saved", .error, at: clocks.now, component: "runtime", body: error.message,
          requestID: order.requestID, tenant: order.request.account.tenant))
    }
  }

  private func observeAck(_ order: Order, _ now: WallTime) {
    guard let sent = order.sentAt else { return }
    metrics.ack.observe(Int(max(0, now.unixMilliseconds - sent.unixMilliseconds)) * 1_000_000)
  }

  /// Something the state machine has no place for: survived, counted, paged by an alert on the counter.
  func countStray(_ site: String) {
    metrics.violations.counter("order_\(site)").increment()
  }

  func note(_ order: Order, _ name: String, _ what: String) {
    let request = order.request
    log.emit(
      LogEvent(
        name, order.state == .rejected ? .warn : .info, at: clocks.now, component: "runtime",
        body: "\(request.side.rawValue) \(request.quantity) \(request.symbol): \(what)", requestID: order.requestID,
        tenant: request.account.tenant, actor: order.actor,
        attributes: [
          ("order", .string(order.id.text)), ("profile", .string(request.account.profile.text)),
          ("venue", .string(order.venue.text)), ("purpose", .string(order.purpose.rawValue)),
          ("state", .string(order.state.rawValue)),
        ]))
  }
}
