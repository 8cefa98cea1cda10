package import ControlModel
import Store
import Strategy
import Synchronization
import Telemetry
import Venues

/// What happens to orders after they left: the venue's answers, and cancels.
extension TradingRuntime {
  // MARK: Cancels

  /// Asks the venue to take an order back. Never gated. Refuses `resource.unknown` when the order is not open.
  @discardableResult
  package func cancel(_ id: OrderID) async throws(Refusal) -> Order {
    let now = clocks.now
    let asked = await lanes.run(id) { book.withLock { $0.apply(.requestCancel, to: id, at: now) } }
    guard let (order, outcome) = asked else { throw Refusal(.notFound, "Order \(id) is not open.") }
    // That a cancel was asked for is not made durable: after a crash the venue's word on the order counts.
    guard outcome == .changed else { return order }
    note(order, "order.cancel_requested", "cancel requested")
    do throws(VenueFailure) {
      try await venue.cancel(id)
    } catch {
      await apply(.refuseCancel, to: id, "order.cancel_failed", "the cancel did not reach the venue")
      throw Refusal(.upstreamConnect, "The cancel did not reach the venue \(order.venue); try again.")
    }
    return order
  }

  /// Takes back what controls in force want taken back and their first attempt missed: orders that had no answer then,
  /// cancels that failed, and those that had to wait for the market to open. Entries are never admitted by a control that
  /// takes them back, so all of them are meant; of reducing orders only those from before it, by the time of both.
  func repeatCancels() async {
    let state = gate.state
    guard state.controls.values.contains(where: { $0.cancel != .none }) else { return }
    let targets = book.withLock { book in
      book.open.values.filter { order in
        (order.state == .working || order.state == .partial) && !order.isCancelPending
          && state.effective(for: order.scope).causes.contains {
            $0.cancel.takesBack(order) && (order.opensExposure || order.createdAt <= $0.createdAt)
          }
      }.map(\.id)
    }
    _ = await cancel(takingCancels(targets))
  }

  // MARK: The venue's answers

  func take(_ event: VenueEvent) async {
    let id = event.order
    switch event.what {
    case .accepted: await apply(.accepted, to: id, "order.working", "accepted by the venue")
    case .rejected(let reason):
      let input = Order.Input.rejected(reason: reason)
      if await apply(input, to: id, "order.rejected", "rejected by the venue: \(reason)") { metrics.reject(reason) }
    case .canceled: await apply(.canceled, to: id, "order.canceled", "canceled")
    case .expired: await apply(.expired, to: id, "order.expired", "expired")
    case .filled(let execution, let quantity, let price):
      await fill(id, VenueOrderReport.Execution(id: execution, quantity: quantity, price: price))
    }
  }

  /// Books an execution once, whatever the number of times the venue reports it; also for an order that was final, because
  /// a venue's fill is a fact.
  func fill(_ id: OrderID, _ execution: VenueOrderReport.Execution) async {
    let now = clocks.now
    await lanes.run(id) {
      let open = book.withLock { $0.open[id] }
      do throws(StoreFailure) {
        switch try await records.book(execution, of: id, open: open, venue: settings.venue, at: now) {
        case .repeated: return
        case .unknown: countStray("fill")
        case .illegal: countStray("overfill")
        case .booked(let order, let protection):
          do throws(NumberError) {
            try book.withLock { book throws(NumberError) in
              try book.book(execution, of: order, protection: protection)
            }
          } catch {
            countStray("position")
          }
          metrics.count(order.state == .filled ? "filled" : "partially_filled")
          if open?.answeredAt == nil { observeAck(order, now) }
          noteFill(order, execution)
          note(order, "order.filled", "\(execution.quantity) filled at \(execution.price)")
        }
      } catch {
        // Not booked: the venue still has it, and reconciliation books it when the store is back.
        log.emit(
          LogEvent(
            "order.fill_not_booked", .error, at: now, component: "runtime", body: error.message,
            requestID: open?.requestID, tenant: open?.request.account.tenant))
      }
    }
  }

  /// Applies an answer to an open order and makes it durable. False when it changed nothing.
  @discardableResult
  func apply(_ input: Order.Input, to id: OrderID, _ name: String, _ what: String) async -> Bool {
    let now = clocks.now
    let changed = await lanes.run(id) { () async -> Order? in
      guard let (order, outcome) = book.withLock({ $0.apply(input, to: id, at: now) }) else { return nil }
      guard outcome == .changed else {
        if outcome == .illegal { countStray("transition") }
        return nil
      }
      await save(order)
      return order
    }
    guard let order = changed else { return false }
    if order.answeredAt == now, order.sentAt != nil { observeAck(order, now) }
    if order.state.isFinal { metrics.count(order.state.rawValue) }
    noteAnswer(order)
    note(order, name, what)
    if order.state.isFinal || input == .refuseCancel { await followPostponedExit(of: order) }
    return true
  }

  /// The exit that waited for this stop: sent when the stop is gone, forgotten when it stays or has filled.
  private func followPostponedExit(of stop: Order) async {
    guard let exit = book.withLock({ $0.takePostponedExit(stop.id) }), stop.state == .canceled else { return }
    // A refusal is on record where it was decided; the next pass protects the position again.
    do throws(Refusal) { try await submit(exit) } catch {}
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
