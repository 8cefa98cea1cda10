import ControlModel
import Identity
import NIOCore
import Telemetry

/// What one event loop owns: parsers, caches, pools, buffers and the list of its connections. Never leaves its loop, so
/// nothing in it needs a lock.
final class LoopContext {
  let eventLoop: any EventLoop
  let dataPlane: DataPlane
  let settings: DataPlaneSettings
  let timeouts: Timeouts
  /// Most bytes read ahead of what can be worked on; at least one head, or none could ever be read.
  let inboundBytesMax: Int
  let clocks: Clocks
  var random: FastRandom
  var parser: RequestHeadParser
  /// Rises with every head parsed: tells whether `parser.fields` are still those of a given head.
  var parsedHeads = 0
  var responseParser = ResponseHeadParser()
  /// For heads of our own on their way into HTTP/2 frames.
  var answerParser = ResponseHeadParser()
  let authenticator: Authenticator
  /// Reused for every head written: put together in `head`, sent from `out`.
  var head = ByteWriter(capacity: 4096)
  var out: ByteBuffer
  var readBuffers = ReadBuffers()
  var line = JSONLine()
  var stamps = TimeStamps()
  /// Scratch for the trace id of the access line.
  var traceText: [UInt8] = []
  var log = LogBlock()
  private(set) var snapshot: DataPlane.Snapshot
  private(set) var snapshotVersion: Int
  private var upstreams: [String: LoopUpstream] = [:]
  /// Of the request before.
  private var latestUpstream: LoopUpstream?
  private var cells: [CellKey: RequestCells] = [:]
  /// Of the request before: the next one is often of the same kind.
  private var latestCells: (key: CellKey, cells: RequestCells)?
  private var tenantAnswers: [TenantID: TenantAnswers] = [:]
  private var standings = CallerStandings()
  private var roster = LoopRoster()
  private var watches: [AnswerWatch] = []
  /// Requests being answered on this loop.
  var inFlight = 0
  /// What this loop last added to the gauge of them, which all loops share.
  private var reportedInFlight = 0
  private var drained: (() -> Void)?
  private var drainDeadline: Int64?
  private var lastTick: Int64 = 0
  /// Where the walk that looks for who has run out of time is; nil when all have been looked at since the last tick.
  private var deadlineWalk: Int?
  private let lag: Gauge
  let counters: LoopCounters
  /// What its connections send.
  let batch: FlushBatch

  /// How often deadlines are checked and logs handed over; the most by which a timeout is late while few run out together.
  static let tick: TimeAmount = .milliseconds(200)
  /// A log block is handed over when it has this many bytes, or at the next tick. With a last line it stays below 64 KiB:
  /// memory of 128 KiB and more the allocator takes from the system and gives back each time, page by page.
  static let logBlockBytes = 60 * 1024

  init(_ eventLoop: any EventLoop, name: String, dataPlane: DataPlane, seed: UInt64) {
    self.eventLoop = eventLoop
    self.dataPlane = dataPlane
    settings = dataPlane.settings
    timeouts = Timeouts(dataPlane.settings)
    inboundBytesMax = max(dataPlane.settings.bufferBytesMax, HeadLimits().headBytesMax + 1)
    clocks = dataPlane.clocks
    random = FastRandom(seed: seed)
    parser = RequestHeadParser(limits: HeadLimits())
    authenticator = Authenticator(
      dataPlane.verifier, revocations: dataPlane.revocations, cacheBytesMax: Self.tokenCacheBytes,
      seed: seed ^ 0x5bd1_e995_9d1b_58a5)
    out = ByteBufferAllocator().buffer(capacity: 16 * 1024)
    snapshotVersion = dataPlane.version
    snapshot = dataPlane.currentSnapshot()
    lag = dataPlane.metrics.family(MetricCatalog.eventLoopLag).gauge(name)
    counters = LoopCounters(dataPlane.metrics)
    batch = FlushBatch(eventLoop)
  }

  /// Verified tokens kept per loop: about 20,000 of 1 KiB.
  private static let tokenCacheBytes = 32 * 1024 * 1024

  func start() {
    lastTick = clocks.monotonic()
    let bound = NIOLoopBound(self, eventLoop: eventLoop)
    eventLoop.scheduleRepeatedTask(initialDelay: Self.tick, delay: Self.tick) { _ in bound.value.runTick() }
  }

  private func runTick() {
    let now = clocks.monotonic()
    lag.set(Double(max(0, now - lastTick - Self.tick.nanoseconds)) / 1e9)
    lastTick = now
    counters.inFlight.add(Double(inFlight - reportedInFlight))
    reportedInFlight = inFlight
    flushLog()
    if deadlineWalk == nil {
      deadlineWalk = roster.count
      checkDeadlines()
    }
    for upstream in upstreams.values { upstream.tick(now) }
    if let drainDeadline, now >= drainDeadline {
      for member in roster.all { member.endDrain() }
    }
  }

  /// Connections looked at in a millisecond because one of their times may have run out, a microsecond each, and given up in
  /// it, some tens of microseconds each: requests of others wait no longer than these few take, although thousands that were
  /// opened together run out of time together. With more connections it is a share of them, so that all have had their turn
  /// within a tick, and have been given up within two seconds.
  private var checkedPerTurn: Int { max(40, roster.count / 100) }
  private var endedPerTurn: Int { max(1, roster.count / 2000) }

  private func checkDeadlines() {
    let now = clocks.monotonic()
    let (checkedMax, endedMax) = (checkedPerTurn, endedPerTurn)
    var place = deadlineWalk ?? 0
    var (checked, ended) = (0, 0)
    while checked < checkedMax, ended < endedMax {
      guard let member = roster.next(&place, at: now) else {
        deadlineWalk = nil
        return
      }
      checked += 1
      if member.checkDeadlines(now) { ended += 1 }
      roster.expect(member, at: member.nextDeadline)
    }
    deadlineWalk = place
    let bound = NIOLoopBound(self, eventLoop: eventLoop)
    eventLoop.scheduleTask(in: .milliseconds(1)) { bound.value.checkDeadlines() }
  }

  /// Takes over a reloaded configuration, once per request at most.
  func refreshSnapshot() {
    let version = dataPlane.version
    guard version != snapshotVersion else { return }
    snapshotVersion = version
    snapshot = dataPlane.currentSnapshot()
    cells.removeAll()
    latestCells = nil
    latestUpstream = nil
    watches.removeAll()
    for (name, upstream) in upstreams where snapshot.upstreams[name] != upstream.upstream {
      upstream.retire()
      upstreams[name] = nil
    }
  }

  /// An upstream as this loop uses it; nil for a name nobody configured.
  func upstream(_ name: String) -> LoopUpstream? {
    if let latestUpstream, latestUpstream.upstream.name == name { return latestUpstream }
    if upstreams[name] == nil {
      upstreams[name] = snapshot.upstreams[name].map {
        LoopUpstream($0, dataPlane.upstreamStates.state(of: $0), loop: self)
      }
    }
    latestUpstream = upstreams[name]
    return latestUpstream
  }

  /// The shared buffer, empty and ours alone; to be put back into `out`, so that its memory is used again.
  func takeOut() -> ByteBuffer {
    var taken = ByteBuffer()
    swap(&taken, &out)
    taken.clear()
    return taken
  }

  /// Watches kept for the next answers; more are made when more are under way at once.
  private static let watchesMax = 64

  func takeWatch() -> AnswerWatch { watches.popLast() ?? AnswerWatch(snapshot.isolation, snapshotVersion) }

  func giveBack(_ watch: AnswerWatch) {
    watch.finish()
    if watches.count < Self.watchesMax, watch.snapshotVersion == snapshotVersion { watches.append(watch) }
  }

  /// The head that was put together, as a buffer to write. Its memory is used again once it has been sent.
  func takeHead() -> ByteBuffer {
    var taken = takeOut()
    head.withBytes { _ = taken.writeBytes($0) }
    out = taken
    return taken
  }

  func flushLog() {
    if !log.isEmpty { dataPlane.hooks.log(log.take()) }
  }

  func append(logLine keys: (UInt64, UInt64)) {
    log.append(line, keys: keys)
    if log.bytes.count >= Self.logBlockBytes { flushLog() }
  }

  /// The instruments of one (listener, route, method, status), found once.
  func cells(_ key: CellKey, template: String) -> RequestCells {
    if let latest = latestCells, latest.key == key { return latest.cells }
    let found = cells[key] ?? RequestCells(key, template: template, metrics: dataPlane.metrics)
    cells[key] = found
    latestCells = (key, found)
    return found
  }

  /// A tenant's counters of answers.
  func answers(of tenant: TenantID) -> TenantAnswers {
    if let known = tenantAnswers[tenant] { return known }
    if tenantAnswers.count > Self.tenantAnswersMax { tenantAnswers.removeAll() }
    let made = TenantAnswers(tenant, counters.tenants)
    tenantAnswers[tenant] = made
    return made
  }

  /// What this loop knows of a caller whose token has just been looked at.
  func standing(of principal: Principal) -> CallerStanding {
    standings.standing(of: principal, entry: authenticator.cache.latestEntry)
  }

  /// Tenants whose counters a loop keeps at hand.
  private static let tenantAnswersMax = 10_000

  // MARK: Connections

  func opened(_ member: some LoopMember) { roster.insert(member) }

  /// A time of this member runs out at `deadline`. Cheap for one that runs out no earlier than those known.
  @inline(__always)
  func expect(_ member: some LoopMember, at deadline: Int64) {
    if deadline < member.seat.due { roster.expect(member, at: deadline) }
  }

  func closed(_ member: some LoopMember) {
    roster.remove(member)
    finishDrainingIfEmpty()
  }

  /// Closes idle connections now and the others after their answer; calls `done` when none is left.
  func drain(_ done: @escaping () -> Void) {
    drained = done
    drainDeadline = clocks.monotonic() + timeouts.drain
    for member in roster.all { member.drain() }
    finishDrainingIfEmpty()
  }

  private func finishDrainingIfEmpty() {
    guard roster.isEmpty, let done = drained else { return }
    drained = nil
    flushLog()
    done()
  }
}

/// Which instruments a finished request increments.
struct CellKey: Hashable {
  let snapshot: Int
  let route: Int
  let isOps: Bool
  let method: Method
  let status: Int
  let isUpstream: Bool
}

/// The instruments of one kind of answer.
final class RequestCells {
  let requests: Counter
  let duration: Histogram
  let requestBytes: Counter
  let responseBytes: Counter

  init(_ key: CellKey, template: String, metrics: MetricRegistry) {
    let method = key.method.text
    requests = metrics.family(MetricCatalog.httpRequests).counter(
      key.isUpstream ? "upstream" : "gateway", template, method, String(key.status))
    duration = metrics.family(MetricCatalog.httpRequestDuration).histogram(template, method, codeClass(key.status))
    requestBytes = metrics.family(MetricCatalog.httpRequestBytes).counter(template)
    responseBytes = metrics.family(MetricCatalog.httpResponseBytes).counter(template)
  }
}

/// `2xx` … `5xx`.
func codeClass(_ status: Int) -> String { "\(status / 100)xx" }

/// Instruments a loop increments without labels, or with few. A class: calling a method of a struct takes hold of every one
/// of them first.
final class LoopCounters {
  let inFlight: Gauge
  let overhead: Histogram
  let verify: Histogram
  let allowed: Counter
  let parseErrors: MetricFamily
  let decisions: MetricFamily
  let limits: MetricFamily
  let shed: MetricFamily
  let tenants: MetricFamily
  let violations: MetricFamily
  private let observed: Counter
  private let enforced: Counter
  let droppedSpelling: Counter
  let droppedIdentity: Counter

  init(_ metrics: MetricRegistry) {
    inFlight = metrics.gauge(MetricCatalog.httpRequestsInFlight)
    overhead = metrics.histogram(MetricCatalog.gatewayOverhead)
    verify = metrics.histogram(MetricCatalog.authVerifyDuration)
    parseErrors = metrics.family(MetricCatalog.httpParseErrors)
    decisions = metrics.family(MetricCatalog.authDecisions)
    allowed = decisions.counter("allow", "ok")
    limits = metrics.family(MetricCatalog.rateLimitDecisions)
    shed = metrics.family(MetricCatalog.requestsShed)
    tenants = metrics.family(MetricCatalog.tenantRequests)
    violations = metrics.family(MetricCatalog.isolationViolations)
    // A first leak is a rise from zero, or the alert on it would not see it.
    for kind in IsolationPolicy.violationKinds { _ = violations.counter(kind) }
    let guarded = metrics.family(MetricCatalog.guardedAnswers)
    (observed, enforced) = (guarded.counter("observe"), guarded.counter("enforce"))
    droppedSpelling = metrics.family(MetricCatalog.headersDropped).counter("spelling")
    droppedIdentity = metrics.family(MetricCatalog.headersDropped).counter("identity")
  }

  /// Counts an answer that is watched.
  func guarded(_ mode: GuardMode) {
    (mode == .enforce ? enforced : observed).increment()
  }
}
