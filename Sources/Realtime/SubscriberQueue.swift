import ControlModel

/// What waits for one watcher. It holds a bounded number of events; a slow reader loses snapshots first, then the oldest
/// changes, and is told how many.
struct SubscriberQueue {
  /// Events waiting for one reader.
  static let queueMax = 1_024

  let audience: EventBus.Audience
  private var events: [BusEvent] = []
  /// Comes before `events`.
  private var gap: (reason: BusEvent.GapReason, missed: Int?, upTo: UInt64, at: WallTime)?
  private var waiter: CheckedContinuation<BusEvent?, Never>?

  /// A reader with what it is to be given.
  struct Wake {
    let waiter: CheckedContinuation<BusEvent?, Never>
    let event: BusEvent
  }

  init(_ audience: EventBus.Audience) {
    self.audience = audience
  }

  mutating func noteForgotten(upTo sequence: UInt64, at now: WallTime) {
    gap = (.forgotten, nil, sequence, now)
  }

  /// Takes an event in. Returns how many changes were lost for it.
  mutating func offer(_ event: BusEvent) -> Int {
    if event.isSnapshot {
      events.removeAll { $0.isSnapshot && $0.name == event.name && $0.tenant == event.tenant }
    }
    guard events.count >= Self.queueMax else {
      events.append(event)
      return 0
    }
    if let snapshot = events.firstIndex(where: \.isSnapshot) {
      events.remove(at: snapshot)
      events.append(event)
      return 0
    }
    // The next snapshot is never far.
    if event.isSnapshot { return 0 }
    let lost = events.removeFirst()
    events.append(event)
    let before = gap.flatMap { $0.reason == .slow ? $0.missed : nil } ?? 0
    gap = (gap?.reason == .forgotten ? .forgotten : .slow, before + 1, lost.sequence, event.at)
    return 1
  }

  mutating func takeFirst() -> BusEvent? {
    if let gap {
      self.gap = nil
      return .gap(gap.reason, missed: gap.reason == .slow ? gap.missed : nil, upTo: gap.upTo, at: gap.at)
    }
    return events.isEmpty ? nil : events.removeFirst()
  }

  /// Precondition: nobody waits; a subscription has one reader.
  mutating func wait(_ waiter: CheckedContinuation<BusEvent?, Never>) {
    precondition(self.waiter == nil, "a subscription has one reader")
    self.waiter = waiter
  }

  /// The reader that waits, if there is one and something for it.
  mutating func wake() -> Wake? {
    guard let waiter, let event = takeFirst() else { return nil }
    self.waiter = nil
    return Wake(waiter: waiter, event: event)
  }

  mutating func takeWaiter() -> CheckedContinuation<BusEvent?, Never>? {
    defer { waiter = nil }
    return waiter
  }
}
