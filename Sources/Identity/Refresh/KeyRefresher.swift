package import ControlModel
import Synchronization

/// Keeps a key store fresh from one JWKS source: runs what `KeyRefreshMachine` decides.
///
/// Fetching is a closure, so this holds no network code. It must honour cancellation, follow no redirects, and deliver
/// at most `StrictJSON.Limits.keySet.bytesMax` bytes. A set that is refused leaves the old keys in force.
package final class KeyRefresher: Sendable {
  package typealias Fetch = @Sendable () async throws -> [UInt8]

  /// Time, passed in.
  package struct Clock: Sendable {
    /// Monotonic, since any origin.
    let now: @Sendable () -> Duration
    let wallTime: @Sendable () -> WallTime
    /// Must end early, by throwing, when the task is cancelled.
    let sleep: @Sendable (Duration) async throws -> Void

    package init(
      now: @escaping @Sendable () -> Duration, wallTime: @escaping @Sendable () -> WallTime,
      sleep: @escaping @Sendable (Duration) async throws -> Void
    ) {
      self.now = now
      self.wallTime = wallTime
      self.sleep = sleep
    }
  }

  private let store: KeyStore
  private let settings: KeyRefreshSettings
  private let clock: Clock
  private let fetch: Fetch
  private let state: Mutex<State>

  private struct State {
    var machine: KeyRefreshMachine
    var waiters: [(id: String, resume: @Sendable () -> Void)] = []
    var isRunning = false
    var status = KeyRefreshStatus()
  }

  /// - Parameter seed: random, so that replicas do not refresh together.
  package init(
    _ store: KeyStore, settings: KeyRefreshSettings = .init(), seed: UInt64, clock: Clock, fetch: @escaping Fetch
  ) {
    self.store = store
    self.settings = settings
    self.clock = clock
    self.fetch = fetch
    state = Mutex(State(machine: KeyRefreshMachine(settings, seed: seed, at: clock.now())))
  }

  /// Fetches until cancelled; the first fetch starts at once. Requests that still wait at the end are released.
  package func run() async {
    begin()
    while !Task.isCancelled {
      if await !act() { try? await clock.sleep(settings.tick) }
    }
    end()
  }

  /// From here to `end`, requests may wait for keys.
  func begin() {
    state.withLock { $0.isRunning = true }
  }

  func end() {
    let abandoned = state.withLock { state in
      defer { (state.isRunning, state.waiters) = (false, []) }
      return state.waiters
    }
    for waiter in abandoned { waiter.resume() }
  }

  /// Does what is due now. Returns whether anything was.
  func act() async -> Bool {
    switch state.withLock({ $0.machine.step(at: clock.now()) }) {
    case .fetch: await fetchOnce()
    case .expire: store.replaceFetched(nil)
    case .idle: return false
    }
    return true
  }

  /// A token was refused with `auth.unknown_key`. If a fetch may bring its key, keeps `resume` and returns true: it is
  /// called exactly once, from the refresher's task, when that fetch has ended, well or badly; the caller then verifies
  /// again. That is at most the spacing, a tick and the fetch timeout away (3 s by default); at once, before this
  /// returns, if the key has arrived meanwhile. Returns false, and never calls `resume`, if no fetch is due for it: the
  /// refusal stands.
  ///
  /// A wrong signature must not be reported here: it says nothing about which keys exist.
  package func keyMissing(_ token: Span<UInt8>, then resume: @escaping @Sendable () -> Void) -> Bool {
    guard let jws = try? CompactJWS(token), let id = jws.header.keyID else { return false }
    return keyMissing(id, then: resume)
  }

  func keyMissing(_ id: String, then resume: @escaping @Sendable () -> Void) -> Bool {
    if store.current.keys.key(named: id) != nil {
      resume()
      return true
    }
    return state.withLock { state in
      guard state.isRunning, state.waiters.count < settings.waitersMax,
        state.machine.keyMissing(id, at: clock.now())
      else { return false }
      state.waiters.append((id, resume))
      return true
    }
  }

  /// Waits for the fetch that may bring the token's key. Returns whether it is worth verifying once more.
  package func keysRefreshed(for token: [UInt8]) async -> Bool {
    await withCheckedContinuation { continuation in
      if !keyMissing(token.span, then: { continuation.resume(returning: true) }) {
        continuation.resume(returning: false)
      }
    }
  }

  /// For an operator: fetch at the next tick, whatever the schedule says.
  package func requestRefresh() {
    state.withLock { $0.machine.requestRefresh(at: clock.now()) }
  }

  /// For `/admin/jwks`, metrics and `doctor`.
  package var status: KeyRefreshStatus {
    let keys = store.current.keys
    return state.withLock { state in
      var status = state.status
      status.age = state.machine.lastSuccess.map { clock.now() - $0 }
      status.keyIDs = keys.keys.map(\.id)
      status.skipped = keys.skipped
      return status
    }
  }

  private func fetchOnce() async {
    state.withLock { $0.status.fetches += 1 }
    do {
      let keys = try KeySet(jwks: try await fetchInTime())
      let isChanged = store.replaceFetched(keys)
      let current = store.current.keys
      state.withLock { state in
        state.machine.fetchSucceeded(isChanged: isChanged, at: clock.now()) { current.key(named: $0) != nil }
        state.status.lastSuccess = clock.wallTime()
        state.status.lastError = nil
      }
    } catch {
      state.withLock { state in
        state.machine.fetchFailed(at: clock.now())
        state.status.failures += 1
        state.status.lastFailure = clock.wallTime()
        state.status.lastError = String(String(describing: error).prefix(KeyRefreshStatus.errorLengthMax))
      }
    }
    releaseAnswered()
  }

  /// Resumes, outside the lock, everyone whose fetch has ended.
  private func releaseAnswered() {
    let answered = state.withLock { state in
      let answered = state.waiters.filter { !state.machine.isAwaiting($0.id) }
      state.waiters.removeAll { !state.machine.isAwaiting($0.id) }
      return answered
    }
    for waiter in answered { waiter.resume() }
  }

  /// The fetch, or an error once the timeout has passed.
  private func fetchInTime() async throws -> [UInt8] {
    try await withThrowingTaskGroup(of: [UInt8].self) { group in
      group.addTask { try await self.fetch() }
      group.addTask {
        try await self.clock.sleep(self.settings.fetchTimeout)
        throw KeySetProblem("The key set did not arrive within \(self.settings.fetchTimeout)")
      }
      defer { group.cancelAll() }
      guard let first = try await group.next() else { throw CancellationError() }
      return first
    }
  }
}
