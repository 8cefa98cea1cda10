import ControlModel
import Strategy

/// The paper venue's books as a pure value: orders in, bars in, events out.
struct PaperBook {
  /// One change, as logged and replayed. The order comes with its first entry.
  struct Entry: Equatable {
    var order: VenueOrder?
    var event: VenueEvent
  }

  private struct Resting {
    var order: VenueOrder
    var status: VenueOrderReport.Status
    var executions: [VenueOrderReport.Execution]
  }

  private var orders: [OrderID: Resting] = [:]
  /// Working orders by symbol, oldest first.
  private var working: [Symbol: [OrderID]] = [:]
  private var positions: [VenueSnapshot.Holding: Quantity] = [:]
  private var random: SplitMix64

  init(seed: UInt64) {
    random = SplitMix64(state: seed)
  }

  // MARK: Requests

  /// Accepts an order, or rejects it. Precondition: its id is new; an id that was used before stays used for ever.
  mutating func take(_ order: VenueOrder, _ behaviour: PaperVenue.Behaviour, at now: WallTime) -> [Entry] {
    precondition(orders[order.id] == nil, "order \(order.id) was placed before")
    let isTarget = behaviour.rejectSymbol.map { $0 == order.symbol } ?? true
    let draw = Double(random.next() >> 11) * 0x1p-53
    let isRejected = isTarget && draw < behaviour.rejectShare
    let what: VenueEvent.What = isRejected ? .rejected(reason: behaviour.rejectReason) : .accepted
    let entry = Entry(order: order, event: VenueEvent(order: order.id, what: what, at: now))
    replay(entry)
    return [entry]
  }

  mutating func cancel(_ id: OrderID, at now: WallTime) -> [Entry] {
    guard let resting = orders[id], resting.status == .working else { return [] }
    let entry = Entry(event: VenueEvent(order: id, what: .canceled, at: now))
    replay(entry)
    return [entry]
  }

  /// Fills what the bar reaches. Entries come before the protective stops that were placed with them.
  mutating func advance(_ symbol: Symbol, _ bar: Bar, at now: WallTime) -> [Entry] {
    var entries: [Entry] = []
    for id in working[symbol] ?? [] {
      guard let resting = orders[id], resting.status == .working, let price = Self.fillPrice(resting.order, bar) else {
        continue
      }
      // An order fills at once, so its id names the execution: also after a log that lost its last lines.
      let what = VenueEvent.What.filled(execution: "paper-\(id)", quantity: resting.order.quantity, price: price)
      let entry = Entry(event: VenueEvent(order: id, what: what, at: now))
      replay(entry)
      entries.append(entry)
      if let protection = resting.order.protection {
        let placed = Entry(
          order: protection, event: VenueEvent(order: protection.id, what: .accepted, at: now))
        replay(placed)
        entries.append(placed)
      }
    }
    return entries
  }

  /// Where a bar fills an order; nil when it does not.
  private static func fillPrice(_ order: VenueOrder, _ bar: Bar) -> Price? {
    let isBuy = order.side == .buy
    let price: Double?
    switch order.kind {
    case .market: price = bar.open
    case .limit(let limit):
      let reached = isBuy ? bar.low <= limit.double : bar.high >= limit.double
      price = reached ? (isBuy ? min(bar.open, limit.double) : max(bar.open, limit.double)) : nil
    case .stop(let stop):
      let reached = isBuy ? bar.high >= stop.double : bar.low <= stop.double
      price = reached ? (isBuy ? max(bar.open, stop.double) : min(bar.open, stop.double)) : nil
    }
    return price.flatMap { try? Price($0, step: Price(mantissa: 1)) }  // a bar's price is always in range
  }

  // MARK: State

  /// Applies one logged change. Replaying a log gives the state that wrote it.
  mutating func replay(_ entry: Entry) {
    let event = entry.event
    if let order = entry.order {
      orders[order.id] = Resting(order: order, status: .working, executions: [])
      working[order.symbol, default: []].append(order.id)
    }
    guard var resting = orders[event.order] else { return }
    switch event.what {
    case .accepted: return
    case .rejected: resting.status = .rejected
    case .canceled: resting.status = .canceled
    case .expired: resting.status = .expired
    case .filled(let execution, let quantity, let price):
      resting.executions.append(.init(id: execution, quantity: quantity, price: price))
      resting.status = .filled
      let holding = VenueSnapshot.Holding(account: resting.order.account, symbol: resting.order.symbol)
      let before = positions[holding] ?? .zero
      // Quantities of real orders are far from Int64's end; a sum that is not would be a bug upstream.
      let after = try? resting.order.side == .buy ? before + quantity : before - quantity
      positions[holding] = after.flatMap { $0.isZero ? nil : $0 }
    }
    working[resting.order.symbol]?.removeAll { $0 == event.order }
    orders[event.order] = resting
  }

  func report(_ id: OrderID) -> VenueOrderReport? {
    orders[id].map { VenueOrderReport(order: $0.order, status: $0.status, executions: $0.executions) }
  }

  func snapshot() -> VenueSnapshot {
    var open: [OrderID: VenueOrderReport] = [:]
    for ids in working.values {
      for id in ids { open[id] = report(id) }
    }
    return VenueSnapshot(working: open, positions: positions)
  }
}

/// Sebastiano Vigna's splitmix64 (public domain): enough to pick which orders a drill rejects.
struct SplitMix64: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
    return z ^ z >> 31
  }
}
