/// Decides when keys are fetched. No clock, no network: moments are durations since some origin of a monotonic clock,
/// and randomness is a seed.
///
/// Rules: refresh at the soft TTL with jitter; keep serving stale keys through failures up to the hard TTL; an unknown
/// `kid` causes at most one fetch at a time, from a small token bucket; nothing else a caller can do causes a fetch.
struct KeyRefreshMachine {
  enum Step: Equatable {
    case idle
    /// A fetch is now under way; report its end with `fetchSucceeded` or `fetchFailed`.
    case fetch
    /// The hard TTL has passed: stop trusting what was fetched.
    case expire
  }

  private let settings: KeyRefreshSettings
  private var random: SplitMix64
  private var isFetching = false
  private var lastFetchStart: Duration?
  private var nextRefresh: Duration
  private var failuresInARow = 0
  private(set) var lastSuccess: Duration?
  private var isExpired = false
  /// When a fetch for unknown keys may start; `nil` if none is wanted.
  private var wantedAt: Duration?
  /// Theoretical arrival time of the unknown-key bucket (GCRA): the bucket is full at or before now.
  private var bucketFullAt: Duration
  /// Keys the fetch under way was started for, and keys that were asked for after it had started: its answer may be
  /// older than those.
  private var awaited: Set<String> = []
  private var late: Set<String> = []
  private var absent: AbsentKeys

  init(_ settings: KeyRefreshSettings, seed: UInt64, at now: Duration) {
    self.settings = settings
    random = SplitMix64(seed)
    nextRefresh = now
    bucketFullAt = now
    absent = AbsentKeys(pauses: settings.absentKeyPauses, countMax: settings.absentKeysMax)
  }

  /// What to do now. To be called every tick and whenever something was reported.
  mutating func step(at now: Duration) -> Step {
    if isFetching { return .idle }
    if let lastSuccess, !isExpired, now - lastSuccess >= settings.hardTTL {
      isExpired = true
      return .expire
    }
    let isWanted = wantedAt.map { $0 <= now } ?? false
    guard isWanted || nextRefresh <= now else { return .idle }
    isFetching = true
    lastFetchStart = now
    wantedAt = nil
    awaited = late
    late = []
    return .fetch
  }

  /// A token named a key we do not hold. Whether a fetch that could bring it is under way or will start shortly; if
  /// so, ask `isAwaiting` after the next report.
  mutating func keyMissing(_ id: String, at now: Duration) -> Bool {
    if isAwaiting(id) { return true }
    guard !absent.isPaused(id, at: now), isFetching || wantedAt != nil || spend(at: now) else { return false }
    if late.count < settings.absentKeysMax { late.insert(id) }
    return true
  }

  /// Whether a fetch for this key is still to end.
  func isAwaiting(_ id: String) -> Bool {
    awaited.contains(id) || late.contains(id)
  }

  /// - Parameter holds: whether the set that has just come into force holds a key.
  /// - Parameter isChanged: whether it differs from the one before.
  mutating func fetchSucceeded(isChanged: Bool, at now: Duration, holds: (String) -> Bool) {
    isFetching = false
    failuresInARow = 0
    lastSuccess = now
    isExpired = false
    nextRefresh = now + settings.softTTL * (1 + settings.softTTLJitter * random.nextSigned())
    if isChanged { absent.removeAll() }
    for id in awaited where !holds(id) { absent.record(id, at: now) }
    awaited = []
    late = late.filter { !holds($0) }
    if !late.isEmpty, !spend(at: now) { late = [] }
  }

  mutating func fetchFailed(at now: Duration) {
    isFetching = false
    failuresInARow += 1
    let doublings = min(failuresInARow - 1, 16)
    let pause = min(settings.retryMin * (1 << doublings), settings.retryMax)
    nextRefresh = now + pause * (1 + settings.softTTLJitter * random.nextSigned())
    awaited = []
    late = []
  }

  /// An operator wants a fetch now; the spacing still holds.
  mutating func requestRefresh(at now: Duration) {
    nextRefresh = earliestStart(at: now)
  }

  /// Takes one fetch from the bucket and schedules it, if one is left.
  private mutating func spend(at now: Duration) -> Bool {
    let fullAt = max(bucketFullAt, now) + settings.unknownKeyInterval
    guard fullAt - now <= settings.unknownKeyInterval * settings.unknownKeyBurst else { return false }
    bucketFullAt = fullAt
    wantedAt = earliestStart(at: now)
    return true
  }

  private func earliestStart(at now: Duration) -> Duration {
    max(now, lastFetchStart.map { $0 + settings.unknownKeySpacing } ?? now)
  }
}

/// Steele, Lea and Flood's SplitMix64: enough randomness for jitter, and a test can repeat it.
struct SplitMix64: RandomNumberGenerator {
  private var state: UInt64

  init(_ seed: UInt64) {
    state = seed
  }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// Uniform in [-1, 1).
  mutating func nextSigned() -> Double {
    Double(next() >> 11) / Double(1 << 52) - 1
  }
}
