package import ControlModel
package import Identity
import Synchronization
package import Telemetry
import TradingRuntime

/// Turns alerts into stops, proposals or lines of the shadow log. It may contain and never releases: what it stopped is
/// started again as everything else is.
package actor AutomaticControls {
  private let policy: AutomaticGuard.Policy
  private let processor: CommandProcessor
  private let clocks: Clocks
  private let ids: IDSource
  private let counted: MetricFamily
  private let remember: @Sendable (AutomaticRecord) async -> Void
  private let announce: @Sendable (AutomaticRecord) -> Void
  /// Newest first.
  private var records: [AutomaticRecord] { didSet { publish() } }
  private nonisolated let waiting = Mutex<[AutomaticRecord]>([])

  /// Records kept in memory; the store keeps more.
  package static let recordsMax = 500

  /// - Parameters:
  ///   - earlier: records of earlier processes, newest first: budgets and cool-downs count over restarts.
  ///   - remember: makes a record durable.
  ///   - announce: tells people; called after an act, never before.
  package init(
    _ policy: AutomaticGuard.Policy, processor: CommandProcessor, clocks: Clocks, ids: IDSource,
    metrics: MetricRegistry, earlier: [AutomaticRecord], remember: @escaping @Sendable (AutomaticRecord) async -> Void,
    announce: @escaping @Sendable (AutomaticRecord) -> Void
  ) {
    self.policy = policy
    self.processor = processor
    self.clocks = clocks
    self.ids = ids
    self.remember = remember
    self.announce = announce
    records = earlier
    let open = earlier.filter { $0.outcome == .proposed }
    waiting.withLock { $0 = open }
    counted = metrics.family(MetricCatalog.automaticControls)
    for outcome in ["shadow", "proposed", "acted", "already_stopped"] { _ = counted.counter(outcome) }
  }

  package var all: [AutomaticRecord] { records }

  /// Proposals nobody has decided on, for readers that must not wait; some may have lapsed since.
  package nonisolated var proposals: [AutomaticRecord] { waiting.withLock { $0 } }

  private func publish() {
    let open = records.filter { $0.outcome == .proposed }
    waiting.withLock { $0 = open }
  }
  package func record(_ id: String) -> AutomaticRecord? { records.first { $0.id == id } }

  /// An alert with a control began to fire. Acts first; looks for evidence, writes down and tells after.
  @discardableResult
  package func take(
    _ trigger: AutomaticTrigger, evidence: () async -> AutomaticTrigger.Evidence? = { nil }
  ) async -> AutomaticRecord {
    let now = clocks.now
    let unmet = AutomaticGuard.unmet(trigger, history: records, policy, at: now)
    let outcome: AutomaticRecord.Outcome =
      switch trigger.mode {
      case .shadow: .shadow
      case .propose: .proposed
      case .auto: unmet.isEmpty ? .acted : .proposed
      }
    var record = AutomaticRecord(
      id: ids.name("aut_"), at: now, trigger: trigger, outcome: outcome, unmet: unmet,
      expiresAt: outcome == .proposed ? now.adding(milliseconds: policy.proposalMilliseconds) : nil)
    if outcome != .shadow, let scope = trigger.scope, isStopped(scope) { record.outcome = .alreadyStopped }
    // A proposal comes with its evidence. An act is in the history before it begins: a second alert must find its budget spent.
    if record.outcome != .acted { record.trigger.add(await evidence()) }
    keep(record)
    if record.outcome == .acted, let scope = trigger.scope {
      do throws(Refusal) {
        let stop = try Authorizer.automatic(
          draft(trigger, scope, reason: trigger.summary), rule: trigger.actor, fingerprint: trigger.fingerprint,
          requestID: ids.requestID())
        record.control = await processor.impose(stop).controls.first?.id
      } catch {
        record.outcome = .proposed
        record.reason = error.detail
      }
      replace(record)
      let seen = await evidence()
      // What became a proposal after all may have been decided on meanwhile.
      record = self.record(record.id) ?? record
      record.trigger.add(seen)
      replace(record)
    }
    counted.counter(record.outcome.rawValue).increment()
    announce(record)
    await remember(record)
    return record
  }

  /// Whether an alert that fires since `fired` was taken: one that began just before a process died may not have been.
  package func hasTaken(_ fingerprint: String, since fired: WallTime) -> Bool {
    records.contains { $0.trigger.fingerprint == fingerprint && $0.at >= fired }
  }

  /// The alert ended: what nobody decided on lapses.
  package func ended(_ fingerprint: String) async {
    let now = clocks.now
    for var record in records where record.trigger.fingerprint == fingerprint && record.outcome == .proposed {
      record.reason = record.outcome(at: now) == .lapsed ? "nobody decided in time" : "the alert ended"
      record.outcome = .lapsed
      record.decidedAt = now
      replace(record)
      announce(record)
      await remember(record)
    }
  }

  /// A person does what a proposal says. Refuses `access.denied`, `resource.unknown`, `approval.closed` when it is decided or
  /// lapsed, and `request.invalid` when neither the alert nor the person names a scope.
  package func accept(
    _ id: String, scope named: ControlScope?, reason: String?, by principal: Principal, requestID: RequestID
  ) async throws(Refusal) -> Receipt {
    var record = try open(id)
    guard let scope = named ?? record.trigger.scope else {
      throw Refusal(
        .requestInvalid, "The alert \(record.trigger.alert) does not say what to stop; name the tenant or profile.",
        fields: [FieldProblem("scope", "is missing")])
    }
    let stop = try Authorizer.proposed(
      draft(record.trigger, scope, reason: reason ?? record.trigger.summary), fingerprint: record.trigger.fingerprint,
      by: principal, requestID: requestID)
    record.outcome = .accepted
    record.decidedBy = principal.subject
    record.decidedAt = clocks.now
    replace(record)
    let receipt = await processor.impose(stop)
    record.control = receipt.controls.first?.id
    replace(record)
    announce(record)
    await remember(record)
    return receipt
  }

  /// A person decides against a proposal. Refuses as `accept` does, and `request.invalid` without a reason.
  package func dismiss(_ id: String, reason: String, by actor: String) async throws(Refusal) -> AutomaticRecord {
    if let problem = ControlDraft.reasonProblem(reason, atLeast: Control.reasonLengthMin) {
      throw Refusal(.requestInvalid, "The proposal stays: reason \(problem.problem).", fields: [problem])
    }
    var record = try open(id)
    record.outcome = .dismissed
    record.decidedBy = actor
    record.decidedAt = clocks.now
    record.reason = ControlDraft.oneLine(reason)
    replace(record)
    announce(record)
    await remember(record)
    return record
  }

  /// The control an act or an accepted proposal imposed, to be released as any other; `last` is the newest act.
  package func control(of id: String) throws(Refusal) -> ControlID {
    let found = id == "last" ? records.first { $0.outcome == .acted && $0.control != nil } : record(id)
    guard let control = found?.control else {
      throw Refusal(.notFound, "No automatic control \(id) stopped anything; see /admin/automatic.")
    }
    return control
  }

  private func open(_ id: String) throws(Refusal) -> AutomaticRecord {
    guard let record = record(id) else { throw Refusal(.notFound, "There is no proposal \(id.prefix(64)).") }
    let seen = record.outcome(at: clocks.now)
    guard seen == .proposed else {
      throw Refusal(
        .approvalClosed,
        "Proposal \(id) is \(seen == .alreadyStopped ? "needless: its scope is stopped" : seen.rawValue) already; stop by hand if it is needed."
      )
    }
    return record
  }

  private func draft(_ trigger: AutomaticTrigger, _ scope: ControlScope, reason: String) -> ControlDraft {
    let text = "\(trigger.alert): \(ControlDraft.oneLine(reason))"
    return ControlDraft(
      scope: scope, kind: trigger.action == .globalHalt || scope.tenant == nil ? .halt : .disable,
      reason: String(text.prefix(Control.reasonLengthMax)))
  }

  private func isStopped(_ scope: ControlScope) -> Bool {
    processor.current.state.effective(for: scope).level == .halted
  }

  private func keep(_ record: AutomaticRecord) {
    records.insert(record, at: 0)
    if records.count > Self.recordsMax { records.removeLast(records.count - Self.recordsMax) }
  }

  private func replace(_ record: AutomaticRecord) {
    guard let index = records.firstIndex(where: { $0.id == record.id }) else { return }
    records[index] = record
  }
}

extension AutomaticTrigger {
  fileprivate mutating func add(_ evidence: Evidence?) {
    guard let evidence else { return }
    (inputs, exemplars) = (evidence.inputs, evidence.exemplars)
  }
}
