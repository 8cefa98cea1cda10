import ControlModel
import Synchronization
import Telemetry

/// What all event loops know together about one upstream: whether its circuit is closed, which hosts are out, how many
/// requests it may have in flight and how many second tries are left. Outlives a reload that does not change it.
///
/// While all is well a request reads a few atomics here. The lock is taken when something fails, and until it is well again.
final class UpstreamState: Sendable {
  /// One host as the request path reads it.
  final class HostWords: Sendable {
    /// Monotonic nanoseconds; zero while it serves.
    fileprivate let ejectedUntil = Atomic<Int64>(0)
    fileprivate let isTroubled = Atomic<Bool>(false)
    fileprivate let isUnreachable = Atomic<Bool>(false)

    func isEjected(at now: Int64) -> Bool { ejectedUntil.load(ordering: .relaxed) > now }
  }

  /// How a request that was sent ended, as far as the upstream is to blame.
  enum Outcome {
    case good
    /// It answered that it fails: 502, 503 or 504.
    case failed
  }

  private struct Health {
    var breaker: CircuitBreaker
    var ejection: HostEjection
    var retries = RetryBudget()
  }

  let upstream: Upstream
  let slots: Slots
  /// Requests whose body is still on its way: the upstream has them, but has nothing to work on.
  let bodies: Slots
  let hosts: [HostWords]
  /// Whether the breaker is closed with no failure counted: the one word a healthy request reads.
  private let isCalm = Atomic<Bool>(true)
  private let ejected = Atomic<Int>(0)
  private let health: Mutex<Health>
  private let up: Gauge
  private let ejections: Counter
  private let tell: @Sendable (LogEvent) -> Void
  private let clocks: Clocks

  init(_ upstream: Upstream, metrics: MetricRegistry, clocks: Clocks, tell: @escaping @Sendable (LogEvent) -> Void) {
    self.upstream = upstream
    self.clocks = clocks
    self.tell = tell
    slots = Slots(upstream.concurrency)
    var bodies = ConcurrencySettings()
    bodies.max = min(upstream.concurrency.max, max(1, upstream.connectionsMax / 2))
    bodies.min = bodies.max
    self.bodies = Slots(bodies)
    hosts = upstream.hosts.map { _ in HostWords() }
    health = Mutex(
      Health(
        breaker: CircuitBreaker(upstream.breaker),
        ejection: HostEjection(upstream.hosts.count, upstream.ejection)))
    up = metrics.family(MetricCatalog.upstreamUp).gauge(upstream.name)
    ejections = metrics.family(MetricCatalog.upstreamEjections).counter(upstream.name)
    up.set(1)
  }

  /// Whether what is known here is still about `other`: the same hosts, judged by the same settings.
  func describes(_ other: Upstream) -> Bool {
    upstream.name == other.name && upstream.hosts == other.hosts && upstream.breaker == other.breaker
      && upstream.ejection == other.ejection && upstream.concurrency == other.concurrency
  }

  // MARK: The circuit

  var circuit: CircuitBreaker.State { health.withLock { $0.breaker.state } }

  /// Whether the request is the one that tries a failed upstream. Refuses while the circuit is open.
  func pass(at now: Int64) throws(Refusal) -> Bool {
    if isCalm.load(ordering: .relaxed) { return false }
    switch change({ $0.admit(at: now) }) {
    case .pass: return false
    case .probe: return true
    case .refused(let wait):
      throw Refusal(
        .upstreamCircuitOpen, "The upstream \(upstream.name) keeps failing and is left alone for now.",
        retryAfterSeconds: RateAllowance.seconds(wait))
    }
  }

  func ended(_ outcome: Outcome, isProbe: Bool, at now: Int64) {
    switch outcome {
    case .good where isCalm.load(ordering: .relaxed): break
    case .good: change { $0.succeeded(isProbe: isProbe) }
    case .failed: change { $0.failed(isProbe: isProbe, at: now) }
    }
  }

  func probeAbandoned(at now: Int64) { change { $0.probeAbandoned(at: now) } }

  /// Every change of the breaker goes through here: keeps the word in step and tells of transitions, after the lock.
  @discardableResult
  private func change<Result>(_ step: (inout CircuitBreaker) -> Result) -> Result {
    let (result, before, after) = health.withLock { health in
      let before = health.breaker.state
      let result = step(&health.breaker)
      isCalm.store(health.breaker.state == .closed && health.breaker.failures == 0, ordering: .relaxed)
      return (result, before, health.breaker.state)
    }
    if before.name != after.name { announce(after) }
    return result
  }

  private func announce(_ state: CircuitBreaker.State) {
    switch state {
    case .open:
      say(
        "upstream.circuit_opened", .error,
        "\(upstream.name) keeps failing; requests for it are refused, and one at a time tries it")
    case .halfOpen: say("upstream.circuit_probed", .info, "one request tries whether \(upstream.name) works again")
    case .closed: say("upstream.circuit_closed", .info, "\(upstream.name) works again")
    }
  }

  // MARK: Hosts

  func hostSucceeded(_ index: Int) {
    guard hosts[index].isTroubled.load(ordering: .relaxed) else { return }
    health.withLock { health in
      health.ejection.succeeded(index)
      hosts[index].isTroubled.store(false, ordering: .relaxed)
    }
  }

  func hostFailed(_ index: Int, at now: Int64) {
    let until = health.withLock { health in
      hosts[index].isTroubled.store(true, ordering: .relaxed)
      let until = health.ejection.failed(index, at: now)
      if let until {
        hosts[index].ejectedUntil.store(until, ordering: .relaxed)
        ejected.add(1, ordering: .relaxed)
      }
      return until
    }
    guard let until else { return }
    ejections.increment()
    say(
      "upstream.host_ejected", .warn,
      "\(upstream.hosts[index].text) of \(upstream.name) failed \(upstream.ejection.failures) times in a row and is "
        + "passed over for \(RateAllowance.seconds(until - now)) s")
  }

  /// Whether an attempt to connect to a host worked. The upstream is up while one of its hosts is.
  func reached(_ index: Int, _ isReached: Bool) {
    hosts[index].isUnreachable.store(!isReached, ordering: .relaxed)
    up.set(isReached || hosts.contains { !$0.isUnreachable.load(ordering: .relaxed) } ? 1 : 0)
  }

  /// Hosts whose time is over serve again. Called by every loop now and then.
  func release(at now: Int64) {
    guard ejected.load(ordering: .relaxed) > 0 else { return }
    let released = health.withLock { health in
      let released = health.ejection.release(at: now)
      for index in released {
        hosts[index].ejectedUntil.store(0, ordering: .relaxed)
        ejected.subtract(1, ordering: .relaxed)
      }
      return released
    }
    for index in released {
      say("upstream.host_returned", .info, "\(upstream.hosts[index].text) of \(upstream.name) is used again")
    }
  }

  var ejectedHosts: Int { ejected.load(ordering: .relaxed) }

  // MARK: Second tries

  /// - Parameter answered: requests the upstream has answered so far.
  func mayRetry(answered: Int, at now: Int64) -> Bool {
    health.withLock { $0.retries.take(answered: answered, at: now) }
  }

  private func say(_ name: String, _ severity: LogEvent.Severity, _ body: String) {
    tell(
      LogEvent(
        name, severity, at: clocks.now, component: "gateway", body: body,
        attributes: [("upstream", .string(upstream.name))]))
  }
}
