import ControlModel
import Synchronization

/// One tenant's requests in flight at one place. Found once per connection, then kept by it.
final class TenantShare: Sendable {
  fileprivate let inFlight = Atomic<Int>(0)

  var count: Int { inFlight.load(ordering: .relaxed) }
}

/// The requests in flight at one place (an upstream, or our own endpoints), how many there may be, and who goes without
/// when there are more: shared by all event loops, without a lock on the way of a request.
///
/// There is no queue. Below a class's ceiling everybody is let in, a tenant alone may use all of it. At the ceiling, a
/// tenant that has its share or more (the ceiling divided by the tenants in flight) is refused, and one that has less is
/// still let in, up to a quarter above: so the places a greedy tenant leaves go to the others until all have their share
/// (max-min fairness).
final class Slots: Sendable {
  enum Shed: String, CaseIterable, Sendable {
    /// The tenant has its share or more.
    case share
    /// The rest is kept for classes that matter more.
    case `class`
    /// Nothing is left.
    case full
  }

  /// A place taken; to be given back exactly once.
  struct Place: Sendable {
    fileprivate let slots: Slots
    fileprivate let share: TenantShare

    func leave() { slots.leave(share) }
  }

  /// Tenants held; idle ones are forgotten past that, and while none is, newcomers share one entry.
  static let tenantsMax = 100_000
  /// How far beyond the limit tenants below their share are let in: a quarter.
  private static let overflowPermille = 1250
  /// What is nobody's excess, however many tenants there are: one that asks rarely still has now and then a few requests
  /// at once.
  private static let shareMin = 4
  /// How often the limit is moved.
  private static let updateInterval: Int64 = 250_000_000

  private struct Learning {
    var limit: ConcurrencyLimit
    var window = ConcurrencyLimit.Window()
    var updatedAt: Int64 = 0
  }

  private let inFlight = Atomic<Int>(0)
  private let current: Atomic<Int>
  private let tenants = Atomic<Int>(0)
  private let learning: Mutex<Learning>
  private let shares = Mutex<[TenantID: TenantShare]>([:])
  private let nobody = TenantShare()

  init(_ settings: ConcurrencySettings) {
    let limit = ConcurrencyLimit(settings)
    learning = Mutex(Learning(limit: limit))
    current = Atomic(limit.limit)
  }

  var limit: Int { current.load(ordering: .relaxed) }
  var count: Int { inFlight.load(ordering: .relaxed) }

  /// The share of a tenant; callers without one have a share together.
  func share(of tenant: TenantID?) -> TenantShare {
    guard let tenant else { return nobody }
    return shares.withLock { shares in
      if let share = shares[tenant] { return share }
      if shares.count >= Self.tenantsMax { shares = shares.filter { $0.value.count > 0 } }
      guard shares.count < Self.tenantsMax else { return nobody }
      let made = TenantShare()
      shares[tenant] = made
      return made
    }
  }

  /// Takes a place, or says why not. Counted first and judged then, so that no two requests take the last place.
  func enter(_ trafficClass: TrafficClass, _ share: TenantShare) -> Result<Place, ShedError> {
    let before = inFlight.add(1, ordering: .relaxed).oldValue
    let own = share.inFlight.add(1, ordering: .relaxed).oldValue
    if own == 0 { tenants.add(1, ordering: .relaxed) }
    let limit = limit
    let ceiling = (limit * trafficClass.ceilingPermille + 999) / 1000 + trafficClass.reserve
    if before < ceiling { return .success(Place(slots: self, share: share)) }
    let fair = max(Self.shareMin, ceiling / max(1, tenants.load(ordering: .relaxed)))
    if own < fair, before < ceiling * Self.overflowPermille / 1000 {
      return .success(Place(slots: self, share: share))
    }
    leave(share)
    return .failure(ShedError(reason: own >= fair ? .share : before < limit ? .class : .full))
  }

  struct ShedError: Error {
    let reason: Shed
  }

  private func leave(_ share: TenantShare) {
    if share.inFlight.subtract(1, ordering: .relaxed).newValue == 0 { tenants.subtract(1, ordering: .relaxed) }
    inFlight.subtract(1, ordering: .relaxed)
  }

  /// Takes over what an event loop has seen since its last tick, and moves the limit when it is time.
  func learn(_ window: ConcurrencyLimit.Window, at now: Int64) {
    learning.withLock { learning in
      learning.window.add(window)
      guard now - learning.updatedAt >= Self.updateInterval else { return }
      guard learning.window.answers >= ConcurrencyLimit.answersMin || learning.window.timeouts > 0 else { return }
      learning.updatedAt = now
      learning.limit.update(learning.window)
      learning.window = ConcurrencyLimit.Window()
      current.store(learning.limit.limit, ordering: .relaxed)
    }
  }
}
