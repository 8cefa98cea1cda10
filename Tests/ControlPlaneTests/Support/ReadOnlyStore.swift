import BreakwaterTesting
import ControlModel
import Store

/// A store that can be read and, while its switch refuses, not written: a full disk.
struct ReadOnlyStore: ControlStore {
  private let store: any ControlStore
  private let faults: FaultSwitch

  init(_ store: any ControlStore, until faults: FaultSwitch) {
    self.store = store
    self.faults = faults
  }

  func load() async throws(StoreFailure) -> ControlRecord { try await store.load() }

  func commit(_ commit: ControlCommit) async throws(StoreFailure) -> Int64 {
    if faults.fault == .refuses { throw Fault.failure }
    return try await store.commit(commit)
  }

  func documents(active: Bool?, limit: Int) async throws(StoreFailure) -> [ControlDocument] {
    try await store.documents(active: active, limit: limit)
  }

  func document(_ id: ControlID) async throws(StoreFailure) -> ControlDocument? { try await store.document(id) }

  func renew(_ renewal: GateRenewal) async throws(StoreFailure) -> ControlRecord {
    if faults.fault == .refuses { throw Fault.failure }
    return try await store.renew(renewal)
  }

  func gates() async throws(StoreFailure) -> [GateRow] { try await store.gates() }

  func removeGate(
    _ gate: ReplicaID, run: String, turn: Int64?, _ audit: AuditEntry
  ) async throws(StoreFailure) {
    if faults.fault == .refuses { throw Fault.failure }
    try await store.removeGate(gate, run: run, turn: turn, audit)
  }

  func audit(_ entry: AuditEntry) async throws(StoreFailure) -> Int64 {
    if faults.fault == .refuses { throw Fault.failure }
    return try await store.audit(entry)
  }
}
