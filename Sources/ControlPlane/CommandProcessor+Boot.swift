package import ControlModel
package import Store
import Synchronization
import TradingRuntime

/// Coming up: held until what was decided before is known.
extension CommandProcessor {
  /// Reads the store and merges the journal: a stop that was acknowledged but never committed is in force again and is
  /// committed now, or as soon as the store takes it. The gate stays held; `open()` lifts that when the runtime is
  /// reconciled too. Throws when the store cannot be read.
  package func boot(journaled stops: [Control]) async throws(StoreFailure) {
    runtime.setHeld(true)
    let record = try await store.load()
    committed = record.state
    approvals = Dictionary(record.approvals.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    for stop in stops where try await store.document(stop.id) == nil { holds[stop.id] = stop }
    publish()
    let recordings = holds.values.sorted { ($0.epoch, $0.id) < ($1.epoch, $1.id) }.map { stop in
      let recording = Recording(journaledAt: stop.createdAt)
      self.record(stop, recording, actor: stop.actor, requestID: stop.requestID, action: "control.recover")
      return recording
    }
    for recording in recordings {
      _ = await recording.committed.value(within: settings.commitWait, sleep: sleep)
    }
    if holds.isEmpty, journal.bytes > 0 { await clearJournal() }
  }

  /// Control state is known and the books are reconciled: from here the controls decide, and nothing else.
  package func open() {
    runtime.setHeld(false)
    view.withLock { $0.isHeld = false }
    publish()
    noteOpened()
  }

  /// What restricts now, for readers that must not wait.
  package nonisolated var current: View { view.withLock { $0 } }

  /// The refusal of a trading mutation on REST by a disable of this tenant or profile; nil when there is none.
  package nonisolated func tradingRefusal(_ tenant: TenantID, profile: ProfileID? = nil) -> Refusal? {
    guard let disable = current.state.disables(tenant: tenant, profile: profile).first else { return nil }
    let since = "since \(disable.createdAt); reading still works"
    return disable.scope.profile == nil
      ? Refusal(.tenantDisabled, "Trading of tenant \(tenant) is disabled \(since).")
      : Refusal(.profileDisabled, "Trading of this profile is disabled \(since).")
  }
}
