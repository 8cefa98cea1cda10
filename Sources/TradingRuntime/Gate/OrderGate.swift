package import ControlModel
import Synchronization

/// The last thing between an order and a venue. Every send happens inside a section; a stop closes the gate for its scope
/// and then waits until every section that began before has ended. After that no order of the scope can start.
/// How the wait is counted: `GateSections`.
package final class OrderGate: Sendable {
  private let sections = GateSections()
  /// Until control state has been read and reconciled, nothing passes whatever the levels say.
  private let isHeld = Atomic<Bool>(true)
  /// Whether a control names a venue or symbol; then the level word alone does not decide.
  private let hasNarrowControls = Atomic<Bool>(false)
  private let refused = Atomic<Int>(0)
  private let isRehearsing = Atomic<Bool>(false)
  /// When the permission to trade ends, on `monotonic`; `.max` needs none.
  private let leaseEnd = Atomic<Int64>(.max)
  private let monotonic: @Sendable () -> Int64
  private let seats = Mutex(Seats())

  private struct Seats {
    var byAccount: [ProfileKey: GateSeat] = [:]
    var state = ControlState()
    var levels = SeatLevels(ControlState())
    /// A stop that is only rehearsed: orders that pass and that it would refuse are counted.
    var rehearsal: (scope: ControlScope, level: ControlLevel, wouldRefuse: Int)?
  }

  /// - Parameter monotonic: the clock leases are counted on, in nanoseconds.
  package init(monotonic: @escaping @Sendable () -> Int64 = { 0 }) {
    self.monotonic = monotonic
  }

  // MARK: Orders

  /// The seat of a profile: found once, then used for each of its orders.
  package func seat(_ tenant: TenantID, _ profile: ProfileID) -> GateSeat {
    seats.withLock { seats in
      let key = ProfileKey(tenant: tenant, profile: profile)
      if let seat = seats.byAccount[key] { return seat }
      let made = GateSeat(tenant: tenant, profile: profile, pair: seats.byAccount.count % GateSections.pairs)
      made.level.store(seats.levels.level(of: key).rawValue, ordering: .sequentiallyConsistent)
      seats.byAccount[key] = made
      return made
    }
  }

  /// Opens a section for one order. While it is open the order may be handed to the venue; then `leave` must be called,
  /// whatever happened.
  ///
  /// - Parameters:
  ///   - isReducing: the order only shrinks a position, by quantity reserved for it.
  ///   - isExit: it belongs to a flattening that a second person approved; it passes the controls that grant exits.
  package func enter(
    _ seat: GateSeat, venue: VenueID, symbol: Symbol, isReducing: Bool, isExit: Bool = false
  ) -> GateAnswer {
    var pass = GatePass(pair: seat.pair, side: sections.enter(seat.pair))
    // Before the level: a lease that came with a stop is never seen without it.
    pass.leaseEnd = leaseEnd.load(ordering: .sequentiallyConsistent)
    guard let refusal = refusal(seat, venue: venue, symbol: symbol, isReducing: isReducing, isExit: isExit) else {
      if isRehearsing.load(ordering: .relaxed) { rehearse(seat, venue, symbol, isReducing: isReducing) }
      return .passed(pass)
    }
    leave(pass)
    return .refused(refusal)
  }

  /// Closes a section.
  package func leave(_ pass: GatePass) { sections.leave(pass.pair, side: pass.side) }

  /// Why an order would not pass now, counted as refused; nil if it would. Opens no section, so it proves nothing: it saves
  /// an order that is turned away the work of getting ready.
  package func refusal(
    _ seat: GateSeat, venue: VenueID, symbol: Symbol, isReducing: Bool, isExit: Bool = false
  ) -> GateRefusal? {
    let isLeaseOver = isLeaseOver
    let level = isLeaseOver ? .halted : level(seat, venue, symbol)
    guard !admits(level, isReducing: isReducing) else { return nil }
    // A gate whose lease is over submits nothing, exits neither: silence has to mean stopped.
    if isExit, isReducing, !isLeaseOver, admitsExit(seat, venue, symbol) { return nil }
    refused.add(1, ordering: .relaxed)
    return GateRefusal(level: level, isHeld: held, isLeaseOver: isLeaseOver)
  }

  /// Whether too little is left of the lease for an order to get out within it.
  package var isLeaseOver: Bool {
    let end = leaseEnd.load(ordering: .sequentiallyConsistent)
    return end != .max && monotonic() + LeaseTimes.entryMargin > end
  }

  /// Whether an order would pass now. For decisions that only make sense if one could.
  package func wouldAdmit(_ seat: GateSeat, venue: VenueID, symbol: Symbol, isReducing: Bool) -> Bool {
    !isLeaseOver && admits(level(seat, venue, symbol), isReducing: isReducing)
  }

  private func admits(_ level: ControlLevel, isReducing: Bool) -> Bool {
    level == .active || (level == .reduceOnly && isReducing)
  }

  /// Read under the lock that `publish` takes, and inside the caller's section: a control that withdraws its exits, or a new
  /// one, is seen by whoever enters after it was published.
  private func admitsExit(_ seat: GateSeat, _ venue: VenueID, _ symbol: Symbol) -> Bool {
    guard !isHeld.load(ordering: .sequentiallyConsistent) else { return false }
    let order = OrderScope(tenant: seat.tenant, profile: seat.profile, venue: venue, symbol: symbol)
    return seats.withLock { $0.state.admitsExit(order) }
  }

  private func level(_ seat: GateSeat, _ venue: VenueID, _ symbol: Symbol) -> ControlLevel {
    if isHeld.load(ordering: .sequentiallyConsistent) { return .halted }
    let word = ControlLevel(rawValue: seat.level.load(ordering: .sequentiallyConsistent)) ?? .halted
    guard word != .halted, hasNarrowControls.load(ordering: .sequentiallyConsistent) else { return word }
    let order = OrderScope(tenant: seat.tenant, profile: seat.profile, venue: venue, symbol: symbol)
    return seats.withLock { $0.state.effective(for: order).level }
  }

  /// The controls that decide now.
  package var state: ControlState { seats.withLock { $0.state } }

  /// Orders refused at the gate since the process started.
  package var refusedCount: Int { refused.load(ordering: .relaxed) }

  // MARK: Control

  /// Makes `state` decide for every section that opens from now on. Sections already open are waited for with `drain`.
  package func publish(_ state: ControlState) {
    let levels = SeatLevels(state)
    seats.withLock { seats in
      seats.state = state
      seats.levels = levels
      hasNarrowControls.store(levels.hasNarrowControls, ordering: .sequentiallyConsistent)
      for (key, seat) in seats.byAccount {
        seat.level.store(levels.level(of: key).rawValue, ordering: .sequentiallyConsistent)
      }
    }
  }

  /// Lets orders pass until `end` on the gate's clock; zero takes the permission away. Without a call none is needed.
  package func setLease(until end: Int64) { leaseEnd.store(end, ordering: .sequentiallyConsistent) }

  package func setHeld(_ held: Bool) { isHeld.store(held, ordering: .sequentiallyConsistent) }
  package var held: Bool { isHeld.load(ordering: .sequentiallyConsistent) }

  // MARK: Rehearsal

  /// Counts from now on which passing orders a stop of `scope` would have refused. Stops nothing. One at a time.
  package func startRehearsal(_ scope: ControlScope, _ level: ControlLevel) {
    seats.withLock { $0.rehearsal = (scope, level, 0) }
    isRehearsing.store(true, ordering: .sequentiallyConsistent)
  }

  /// Ends the rehearsal and says how many orders it would have refused.
  package func endRehearsal() -> Int {
    isRehearsing.store(false, ordering: .sequentiallyConsistent)
    return seats.withLock { seats in
      defer { seats.rehearsal = nil }
      return seats.rehearsal?.wouldRefuse ?? 0
    }
  }

  private func rehearse(_ seat: GateSeat, _ venue: VenueID, _ symbol: Symbol, isReducing: Bool) {
    let order = OrderScope(tenant: seat.tenant, profile: seat.profile, venue: venue, symbol: symbol)
    seats.withLock { seats in
      guard let stop = seats.rehearsal, stop.scope.covers(order), !admits(stop.level, isReducing: isReducing) else {
        return
      }
      seats.rehearsal?.wouldRefuse += 1
    }
  }

  /// Waits until every section that was open at the call has ended. Returns how many were open, or nil if some still are
  /// when `hasTimedOut` says so. Any number may wait at once; they share what each of them sees.
  package func drain(hasTimedOut: () -> Bool, pause: (_ attempt: Int) async -> Void) async -> Int? {
    let open = sections.count
    let target = drainTarget
    var attempt = 0
    while !hasDrained(target) {
      if hasTimedOut() { return nil }
      await pause(attempt)
      attempt += 1
    }
    return open
  }

  /// What `hasDrained` has to reach for every section open now to have ended.
  package var drainTarget: Int { sections.drainTarget }

  /// Looks once whether the sections of a target have ended.
  package func hasDrained(_ target: Int) -> Bool { sections.hasDrained(target) }

  /// When the newest order of `scope` left; nil if none did since the process started.
  package func lastOrderOut(_ scope: ControlScope) -> WallTime? {
    seats.withLock { seats in
      seats.byAccount.values
        .filter {
          (scope.tenant == nil || scope.tenant == $0.tenant) && (scope.profile == nil || scope.profile == $0.profile)
        }
        .map { $0.lastOut.load(ordering: .relaxed) }.max()
        .flatMap { $0 == 0 ? nil : WallTime(unixMilliseconds: $0) }
    }
  }
}

/// One profile's place at the gate: its level as one word, read by each of its orders.
package final class GateSeat: Sendable {
  package let tenant: TenantID
  package let profile: ProfileID
  let level = Atomic<UInt8>(ControlLevel.halted.rawValue)
  let lastOut = Atomic<Int64>(0)
  /// Where its sections are counted.
  let pair: Int

  init(tenant: TenantID, profile: ProfileID, pair: Int) {
    self.tenant = tenant
    self.profile = profile
    self.pair = pair
  }

  /// Notes when an order's bytes were out of our hands.
  package func noteOrderOut(at time: WallTime) {
    lastOut.store(time.unixMilliseconds, ordering: .relaxed)
  }
}

/// An open section.
package struct GatePass: Sendable {
  let pair: Int
  let side: Int
  /// When the permission it was given under ends; a later renewal does not make an old order newer. `.max` for never.
  package fileprivate(set) var leaseEnd = Int64.max
}

package enum GateAnswer: Sendable {
  case passed(GatePass)
  case refused(GateRefusal)
}

/// What stopped an order at the gate.
package struct GateRefusal: Equatable, Sendable {
  package let level: ControlLevel
  /// Held: control state is not known yet.
  package let isHeld: Bool
  /// The gate has not been allowed to go on by its store.
  package let isLeaseOver: Bool

  package init(level: ControlLevel, isHeld: Bool, isLeaseOver: Bool = false) {
    self.level = level
    self.isHeld = isHeld
    self.isLeaseOver = isLeaseOver
  }
}
