package import ControlModel
package import Store
package import Telemetry
package import TradingRuntime

/// Rehearses stops, one at a time, and scores them. Only `live` stops anything, and only where orders are not real.
package actor Drills {
  /// What a drill needs of the runtime; the root sets it.
  package struct Parts: Sendable {
    /// Runs a stop through the gate as a shadow.
    package var rehearse: @Sendable (ControlScope, ControlLevel, Duration) async -> Rehearsal
    /// When the newest order of a scope left.
    package var lastOrderOut: @Sendable (ControlScope) -> WallTime?
    /// Orders go to a paper venue.
    package var isPaper: Bool

    package init(
      rehearse: @escaping @Sendable (ControlScope, ControlLevel, Duration) async -> Rehearsal,
      lastOrderOut: @escaping @Sendable (ControlScope) -> WallTime?, isPaper: Bool
    ) {
      self.rehearse = rehearse
      self.lastOrderOut = lastOrderOut
      self.isPaper = isPaper
    }
  }

  private let parts: Parts
  private let processor: CommandProcessor
  private let runtime: any ControlledRuntime
  private let store: any ControlStore
  private let clocks: Clocks
  private let ids: IDSource
  private let sleep: @Sendable (Duration) async -> Void
  private let lastSuccess: MetricFamily
  private var isRunning = false

  /// How long a drill watches what would be, or is, refused.
  package static let watchBounds = Duration.zero...Duration.seconds(30)
  /// Targets of a drill: half of what a stop promises at worst.
  static let sealedMilliseconds = 125.0
  static let durableMilliseconds = 500.0

  package init(
    _ parts: Parts, processor: CommandProcessor, runtime: any ControlledRuntime, store: any ControlStore,
    clocks: Clocks, ids: IDSource, metrics: MetricRegistry, sleep: @escaping @Sendable (Duration) async -> Void
  ) {
    self.parts = parts
    self.processor = processor
    self.runtime = runtime
    self.store = store
    self.clocks = clocks
    self.ids = ids
    self.sleep = sleep
    lastSuccess = metrics.family(MetricCatalog.drillLastSuccess)
  }

  /// Runs a drill to its end. Refuses `request.invalid` when one runs already, when `live` would stop real orders, and for a
  /// bad draft; `store.unavailable` when the drill cannot be put on record.
  package func run(
    _ kind: DrillReport.Kind, _ draft: ControlDraft, watching watch: Duration, by actor: String, requestID: RequestID
  ) async throws(Refusal) -> DrillReport {
    guard !isRunning else { throw Refusal(.requestInvalid, "A drill is running; wait for its report.") }
    guard kind != .live || parts.isPaper else {
      throw Refusal(.requestInvalid, "A live drill stops real orders; it runs at a paper venue only.")
    }
    let draft = try draft.validated()
    isRunning = true
    defer { isRunning = false }
    var report = DrillReport(id: ids.name("drl_"), kind: kind, scope: draft.scope, by: actor, startedAt: clocks.now)
    switch kind {
    case .preview: preview(&report, draft)
    case .shadow: await shadow(&report, draft, watch)
    case .live: try await live(&report, draft, watch, actor, requestID)
    }
    try await putOnRecord(&report, draft, actor, requestID)
    report.endedAt = clocks.now
    if report.isPassed { lastSuccess.gauge(kind.rawValue).set(Double(report.endedAt.unixMilliseconds) / 1000) }
    return report
  }

  private func preview(_ report: inout DrillReport, _ draft: ControlDraft) {
    let exposure = runtime.exposure(draft.scope)
    report.checks = [
      check("reaches something", "a profile", "\(exposure.profiles) profiles", exposure.profiles > 0),
      check(
        "positions are protected", "0 without a stop at the venue",
        "\(exposure.withoutVenueStop) of \(exposure.positions)",
        exposure.withoutVenueStop == 0),
      check(
        "nothing in doubt", "0 orders", "\(runtime.inDoubt(draft.scope).count)", runtime.inDoubt(draft.scope).isEmpty),
    ]
  }

  private func shadow(_ report: inout DrillReport, _ draft: ControlDraft, _ watch: Duration) async {
    let doubtful = runtime.inDoubt(draft.scope)
    let rehearsal = await parts.rehearse(draft.scope, draft.level, watch)
    let stuck = stillInDoubt(doubtful, draft.scope)
    let milliseconds = Double(rehearsal.drainNanoseconds) / 1e6
    report.wouldRefuse = rehearsal.wouldRefuse
    report.checks = [
      check(
        "sections drained", "all", rehearsal.isDrained ? "\(rehearsal.drained)" : "not in time", rehearsal.isDrained),
      check(
        "sealed", "≤ \(Self.sealedMilliseconds) ms", Self.text(milliseconds), milliseconds <= Self.sealedMilliseconds),
      check("in doubt", "0 orders", "\(stuck)", stuck == 0),
    ]
  }

  private func live(
    _ report: inout DrillReport, _ draft: ControlDraft, _ watch: Duration, _ actor: String, _ requestID: RequestID
  ) async throws(Refusal) {
    let stop = try Authorizer.planned(draft, actor: actor, origin: .drill, requestID: requestID)
    let receipt = await processor.impose(stop)
    let refused = runtime.refusedCount
    await sleep(watch)
    let stuck = stillInDoubt(receipt.replicas.flatMap(\.inDoubt), draft.scope)
    let lastOut = parts.lastOrderOut(draft.scope)
    let sealedAt = receipt.replicas.map(\.at).max() ?? receipt.requestedAt
    let isQuiet = lastOut.map { $0 <= sealedAt } ?? true
    let milliseconds = Double(receipt.elapsedNanoseconds) / 1e6
    report.control = receipt.controls.first?.id
    report.wouldRefuse = runtime.refusedCount - refused
    report.checks = [
      check(
        "sealed by ack", "ack", receipt.replicas.map(\.sealedBy.rawValue).joined(separator: " "),
        receipt.replicas.allSatisfy { $0.sealedBy == .ack }),
      check(
        "answered", "≤ \(Self.durableMilliseconds) ms", Self.text(milliseconds),
        milliseconds <= Self.durableMilliseconds),
      check("durable", "committed", receipt.durability.rawValue, receipt.durability == .committed),
      check(
        "quiet after the seal", "0 orders", isQuiet ? "0" : "an order at \(lastOut.map(\.description) ?? "")", isQuiet),
      check("in doubt", "0 orders", "\(stuck)", stuck == 0),
    ]
    // Starting again is asked for at once; a different admin decides, as always.
    guard let control = report.control, processor.settings.requiresApproval else { return }
    let answer = try? await processor.requestRelease(
      [control], reason: "drill \(report.id) is over", expecting: processor.current.state.epoch, isBreakGlass: false,
      by: Authorizer.planner(actor, requestID: requestID))
    if case .needsApproval(let approval)? = answer { report.approval = approval.id }
  }

  /// The store's part of the path: an audit row, timed.
  private func putOnRecord(
    _ report: inout DrillReport, _ draft: ControlDraft, _ actor: String, _ requestID: RequestID
  ) async throws(Refusal) {
    let start = clocks.monotonic()
    let entry = AuditEntry(
      at: clocks.now, actor: actor, action: "drill.\(report.kind.rawValue)", object: report.id, requestID: requestID,
      reason: draft.reason,
      summary: "rehearsed a stop of \(draft.scope.summary): \(report.met) of \(report.checks.count) checks met")
    do throws(StoreFailure) {
      _ = try await store.audit(entry)
    } catch {
      throw Refusal(.storeUnavailable, "The drill is not on record: \(error.message)", retryAfterSeconds: 1)
    }
    guard report.kind == .shadow else { return }
    let milliseconds = Double(clocks.monotonic() - start) / 1e6
    report.checks.append(
      check(
        "durable", "≤ \(Self.durableMilliseconds) ms", Self.text(milliseconds), milliseconds <= Self.durableMilliseconds
      ))
  }

  /// Some order is always under way while trading goes on; what counts is one that was in doubt and, after the watch, still is.
  private func stillInDoubt(_ before: [InDoubtOrder], _ scope: ControlScope) -> Int {
    let ids = Set(before.map(\.order))
    return runtime.inDoubt(scope).count { ids.contains($0.order) }
  }

  private func check(_ name: String, _ target: String, _ measured: String, _ isMet: Bool) -> DrillReport.Check {
    DrillReport.Check(name, target: target, measured: measured, isMet: isMet)
  }

  private static func text(_ milliseconds: Double) -> String { "\((milliseconds * 1000).rounded() / 1000) ms" }
}
