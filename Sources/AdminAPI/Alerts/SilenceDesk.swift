package import Alerting
package import ControlModel
package import Store
import Synchronization
package import Telemetry

/// The silences in force and on disk. Making and ending one is recorded with its audit row and then takes effect.
package final class SilenceDesk: Sendable {
  private let store: SQLiteControlStore
  private let silences: Mutex<SilenceSet>
  private let states: MetricFamily

  /// Reads what an earlier process left. A row that cannot be understood mutes nothing: people then hear too much.
  package init(_ store: SQLiteControlStore, metrics: MetricRegistry) throws(StoreFailure) {
    self.store = store
    let rows = try store.database.readNow { try SilenceRecords.all(in: $0) }
    silences = Mutex(SilenceSet(rows.compactMap(Silence.init)))
    states = metrics.family(MetricCatalog.silences)
  }

  package var current: SilenceSet { silences.withLock { $0 } }

  /// Refuses `request.invalid` when there are too many.
  func add(_ silence: Silence, by actor: String, requestID: RequestID) async throws(Refusal) {
    let count = silences.withLock { set in set.all.count { $0.state(at: silence.createdAt) != .expired } }
    guard count < Silence.countMax else {
      throw Refusal(
        .requestInvalid, "There are \(count) silences, and \(Silence.countMax) are the most; end some first.")
    }
    let entry = AuditEntry(
      at: silence.createdAt, actor: actor, action: "silence.add", object: "silence:\(silence.id)", requestID: requestID,
      reason: silence.reason, summary: "silenced \(silence.matchers.description) until \(silence.endsAt)")
    try await save(silence, entry)
  }

  /// Ends a silence now, or one that has not begun before it does. Refuses `resource.unknown`.
  func end(_ id: String, by actor: String, at now: WallTime, requestID: RequestID) async throws(Refusal) -> Silence {
    let known = silences.withLock { $0.byID[id] }
    guard let known, known.state(at: now) != .expired else {
      throw Refusal(.notFound, "There is no silence \(id.prefix(64)) in force; see /admin/silences.")
    }
    let ended = known.ending(at: now)
    let entry = AuditEntry(
      at: now, actor: actor, action: "silence.end", object: "silence:\(id)", requestID: requestID,
      summary: "ended the silence of \(known.matchers.description)")
    try await save(ended, entry)
    return ended
  }

  private func save(_ silence: Silence, _ entry: AuditEntry) async throws(Refusal) {
    let row = SilenceRecords.Row(silence)
    do throws(StoreFailure) {
      try await store.audited(entry) { try SilenceRecords.save(row, at: entry.at, in: $0) }
    } catch {
      throw Refusal(.storeUnavailable, "Nothing is silenced or ended: \(error.message)", retryAfterSeconds: 1)
    }
    silences.withLock { $0.put(silence) }
  }

  /// Lets time pass. What changed by itself is written behind the caller's back: a silence that ended in memory and not on
  /// disk ends again after a restart.
  package func pass(_ alerts: [Alert], at now: WallTime) -> SilenceSet.Passing {
    let (passing, counts) = silences.withLock { ($0.pass(alerts, at: now), $0.counts(at: now)) }
    for state in Silence.State.allCases { states.gauge(state.rawValue).set(Double(counts[state] ?? 0)) }
    return passing
  }

  /// Writes silences that changed by themselves.
  package func keep(_ changed: [Silence], at now: WallTime) async {
    for silence in changed {
      let row = SilenceRecords.Row(silence)
      _ = try? await store.database.write { try SilenceRecords.save(row, at: now, in: $0) }
    }
  }
}

extension Silence {
  /// Nil when its conditions cannot be understood any more.
  init?(_ row: SilenceRecords.Row) {
    guard let matchers = try? LabelMatchers(row.matchers) else { return nil }
    self.init(
      id: row.id, matchers: matchers, startsAt: row.startsAt, endsAt: row.endsAt, createdBy: row.createdBy,
      createdAt: row.createdAt, reason: row.reason, endsWithAlert: row.endsWithAlert, hasMatched: row.hasMatched)
  }

  func ending(at now: WallTime) -> Silence {
    Silence(
      id: id, matchers: matchers, startsAt: min(startsAt, now), endsAt: now, createdBy: createdBy, createdAt: createdAt,
      reason: reason, endsWithAlert: endsWithAlert, hasMatched: hasMatched)
  }
}

extension SilenceRecords.Row {
  init(_ silence: Silence) {
    self.init(
      id: silence.id, matchers: silence.matchers.texts, startsAt: silence.startsAt, endsAt: silence.endsAt,
      createdBy: silence.createdBy, createdAt: silence.createdAt, reason: silence.reason,
      endsWithAlert: silence.endsWithAlert, hasMatched: silence.hasMatched)
  }
}
