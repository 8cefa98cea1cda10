// public: entered once per order, between the decision to send and the bytes on the wire.

public import ControlModel
import Synchronization

/// The last thing between an order and a venue. Every send happens inside a section; a stop closes the gate for its scope
/// and then waits until every section that began before has ended. After that no order of the scope can start.
///
/// The scheme is SRCU's (Linux kernel, `srcu.c`): two counters, one for sections of each parity. A section reads the parity,
/// counts itself, and only then reads its level; a closer writes levels, then flips the parity and waits for the old
/// counter, twice. So either the section saw the new level, or the closer saw the section. Other tenants' sections never
/// hold up a stop.
public final class OrderGate: Sendable {
  private let parity = Atomic<Int>(0)
  private let even = Atomic<Int>(0)
  private let odd = Atomic<Int>(0)
  /// Until control state has been read and reconciled, nothing passes whatever the levels say.
  private let isHeld = Atomic<Bool>(true)
  /// Whether a control names a venue or symbol; then the level word alone does not decide.
  private let hasNarrowControls = Atomic<Bool>(false)
  private let refused = Atomic<Int>(0)
  private let seats = Mutex(Seats())

  private struct Seats {
    var byAccount: [SeatKey: GateSeat] = [:]
    var state = ControlState()
  }

  struct SeatKey: Hashable {
    let tenant: TenantID
    let profile: ProfileID
  }

  package init() {}

  // MARK: Orders

  /// The seat of a profile: found once, then used for each of its orders.
  package func seat(_ tenant: TenantID, _ profile: ProfileID) -> GateSeat {
    seats.withLock { seats in
      let key = SeatKey(tenant: tenant, profile: profile)
      if let seat = seats.byAccount[key] { return seat }
      let made = GateSeat(tenant: tenant, profile: profile)
      made.level.store(Self.level(of: made, in: seats.state).rawValue, ordering: .sequentiallyConsistent)
      seats.byAccount[key] = made
      return made
    }
  }

  /// Opens a section for one order. While it is open the order may be handed to the venue; then `leave` must be called,
  /// whatever happened. A refusal names the level that stopped it.
  ///
  /// - Parameter isReducing: the order only shrinks a position, by quantity reserved for it.
  package func enter(_ seat: GateSeat, venue: VenueID, symbol: Symbol, isReducing: Bool) -> GateAnswer {
    let side = parity.load(ordering: .sequentiallyConsistent) & 1
    let counter = side == 0
    if counter {
      even.add(1, ordering: .sequentiallyConsistent)
    } else {
      odd.add(1, ordering: .sequentiallyConsistent)
    }
    let level = level(seat, venue, symbol)
    if level == .active || (level == .reduceOnly && isReducing) { return .passed(GatePass(side: side)) }
    leave(GatePass(side: side))
    refused.add(1, ordering: .relaxed)
    return .refused(level, isHeld: isHeld.load(ordering: .relaxed))
  }

  /// Whether an order would pass now, without opening a section. For decisions that only make sense if one could.
  package func wouldAdmit(_ seat: GateSeat, venue: VenueID, symbol: Symbol, isReducing: Bool) -> Bool {
    switch level(seat, venue, symbol) {
    case .active: true
    case .reduceOnly: isReducing
    case .halted: false
    }
  }

  /// Closes a section.
  package func leave(_ pass: GatePass) {
    if pass.side == 0 {
      even.subtract(1, ordering: .sequentiallyConsistent)
    } else {
      odd.subtract(1, ordering: .sequentiallyConsistent)
    }
  }

  private func level(_ seat: GateSeat, _ venue: VenueID, _ symbol: Symbol) -> ControlLevel {
    if isHeld.load(ordering: .sequentiallyConsistent) { return .halted }
    let word = ControlLevel(rawValue: seat.level.load(ordering: .sequentiallyConsistent)) ?? .halted
    guard word != .halted, hasNarrowControls.load(ordering: .sequentiallyConsistent) else { return word }
    let order = OrderScope(tenant: seat.tenant, profile: seat.profile, venue: venue, symbol: symbol)
    return seats.withLock { $0.state.effective(for: order).level }
  }

  /// Every control on one order's scope.
  package func effective(_ order: OrderScope) -> EffectiveState {
    seats.withLock { $0.state.effective(for: order) }
  }

  /// Orders refused at the gate since the process started.
  package var refusedCount: Int { refused.load(ordering: .relaxed) }

  // MARK: Control

  /// Makes `state` decide for every section that opens from now on. Sections already open are waited for with `drain`.
  func publish(_ state: ControlState) {
    seats.withLock { seats in
      seats.state = state
      let isNarrow = state.controls.values.contains { $0.scope.venue != nil || $0.scope.symbol != nil }
      hasNarrowControls.store(isNarrow, ordering: .sequentiallyConsistent)
      for seat in seats.byAccount.values {
        seat.level.store(Self.level(of: seat, in: state).rawValue, ordering: .sequentiallyConsistent)
      }
    }
  }

  /// Controls on the whole of a seat. Those that name a venue or symbol are looked up per order.
  private static func level(of seat: GateSeat, in state: ControlState) -> ControlLevel {
    state.effective(for: ControlScope(tenant: seat.tenant, profile: seat.profile)).level
  }

  func setHeld(_ held: Bool) { isHeld.store(held, ordering: .sequentiallyConsistent) }
  package var held: Bool { isHeld.load(ordering: .sequentiallyConsistent) }

  /// Waits until every section that was open at the call has ended. Returns how many were open, or nil if some still are
  /// when `hasTimedOut` says so.
  func drain(hasTimedOut: () -> Bool, pause: (_ attempt: Int) async -> Void) async -> Int? {
    let open = even.load(ordering: .sequentiallyConsistent) + odd.load(ordering: .sequentiallyConsistent)
    for _ in 0..<2 {
      let old = parity.add(1, ordering: .sequentiallyConsistent).oldValue & 1
      var attempt = 0
      while openSections(of: old) > 0 {
        if hasTimedOut() { return nil }
        await pause(attempt)
        attempt += 1
      }
    }
    return open
  }

  private func openSections(of side: Int) -> Int {
    side == 0 ? even.load(ordering: .sequentiallyConsistent) : odd.load(ordering: .sequentiallyConsistent)
  }

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
public final class GateSeat: Sendable {
  package let tenant: TenantID
  package let profile: ProfileID
  let level = Atomic<UInt8>(ControlLevel.halted.rawValue)
  let lastOut = Atomic<Int64>(0)

  init(tenant: TenantID, profile: ProfileID) {
    self.tenant = tenant
    self.profile = profile
  }

  /// Notes when an order's bytes were out of our hands.
  package func noteOrderOut(at time: WallTime) {
    lastOut.store(time.unixMilliseconds, ordering: .relaxed)
  }
}

/// An open section.
public struct GatePass: Sendable {
  let side: Int
}

public enum GateAnswer: Sendable {
  case passed(GatePass)
  case refused(ControlLevel, isHeld: Bool)
}
