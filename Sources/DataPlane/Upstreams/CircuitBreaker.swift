/// Whether an upstream is asked at all: *closed* while it works; *open* after failures in a row, when nobody asks it;
/// *half open* once that time is over, when one request tries it.
///
/// A restart of the upstream breaks many requests at once and is over in a moment, so the first try comes soon; each that
/// fails doubles the time to the next, up to `openFor`.
///
/// A value without a clock; `UpstreamState` shares one over the event loops.
struct CircuitBreaker: Equatable, Sendable {
  enum State: Equatable, Sendable {
    case closed
    case open(until: Int64)
    /// A probe is out. Should nothing be heard of it until then, another may go: one slow upload must not keep a healthy
    /// upstream shut.
    case halfOpen(until: Int64)

    var name: String {
      switch self {
      case .closed: "closed"
      case .open: "open"
      case .halfOpen: "half_open"
      }
    }
  }

  enum Admission: Equatable {
    case pass
    /// Pass, and report how it ended: it decides.
    case probe
    case refused(retryNanoseconds: Int64)
  }

  private(set) var state = State.closed
  /// Failures in a row while closed.
  private(set) var failures = 0
  private let failuresMax: Int
  private let openNanoseconds: Int64
  /// How long it opens next.
  private var pause: Int64

  init(_ settings: BreakerSettings) {
    failuresMax = settings.failures
    openNanoseconds = settings.openFor.nanoseconds
    pause = openNanoseconds / Self.firstShare
  }

  /// The first try comes after this part of `openFor`: 250 ms of 5 s.
  static let firstShare: Int64 = 20

  /// - Parameter now: monotonic nanoseconds, as everywhere here.
  mutating func admit(at now: Int64) -> Admission {
    switch state {
    case .closed: return .pass
    case .open(let until) where now < until, .halfOpen(let until) where now < until:
      return .refused(retryNanoseconds: until - now)
    case .open, .halfOpen:
      state = .halfOpen(until: now + openNanoseconds)
      return .probe
    }
  }

  /// A request ended well. Those sent before the circuit opened say nothing about now; only the probe does.
  mutating func succeeded(isProbe: Bool) {
    switch state {
    case .closed: failures = 0
    case .open: break
    case .halfOpen:
      guard isProbe else { return }
      state = .closed
      failures = 0
      pause = openNanoseconds / Self.firstShare
    }
  }

  mutating func failed(isProbe: Bool, at now: Int64) {
    switch state {
    case .closed:
      failures += 1
      if failures >= failuresMax { open(at: now) }
    case .open: break
    case .halfOpen: if isProbe { open(at: now) }
    }
  }

  private mutating func open(at now: Int64) {
    state = .open(until: now + pause)
    pause = min(openNanoseconds, 2 * pause)
  }

  /// The probe's client left, or it was refused elsewhere: the next request is the probe.
  mutating func probeAbandoned(at now: Int64) {
    if case .halfOpen = state { state = .open(until: now) }
  }
}
