package import ControlModel
package import Store
import Synchronization

/// One process's life as its disks see it. It can end by itself at the n-th thing it asks a disk for; what a dead process
/// asks for is swallowed: it has no effect, and nobody hears of the success it is told, because nobody is there.
package final class Lifeline: Sendable {
  /// Whether the disk had done the last thing it was asked for when the process died.
  package enum LastAct: CaseIterable, Sendable { case done, undone }

  private struct State {
    var isAlive = true
    var acts = 0
    var ending: (act: Int, last: LastAct)?
  }

  private let state = Mutex(State())

  package init() {}

  package var isAlive: Bool { state.withLock { $0.isAlive } }
  /// How many things its disks were asked for.
  package var acts: Int { state.withLock { $0.acts } }

  package func end() { state.withLock { $0.isAlive = false } }

  /// Dies with the `count`-th act from now on.
  package func end(after count: Int, last: LastAct) {
    state.withLock { $0.ending = ($0.acts + count, last) }
  }

  /// Whether the act a living or dead process asks for is to be done.
  fileprivate func act() -> Bool {
    state.withLock { state in
      guard state.isAlive else { return false }
      state.acts += 1
      guard let ending = state.ending, state.acts >= ending.act else { return true }
      state.isAlive = false
      return ending.last == .done
    }
  }
}

/// A store as one process sees it until that process dies.
package struct MortalStore: ControlStore {
  private let store: any ControlStore
  private let life: Lifeline

  package init(_ store: any ControlStore, of life: Lifeline) {
    self.store = store
    self.life = life
  }

  package func load() async throws(StoreFailure) -> ControlRecord { try await store.load() }

  package func commit(_ commit: ControlCommit) async throws(StoreFailure) -> Int64 {
    life.act() ? try await store.commit(commit) : 0
  }

  package func documents(active: Bool?, limit: Int) async throws(StoreFailure) -> [ControlDocument] {
    try await store.documents(active: active, limit: limit)
  }

  package func document(_ id: ControlID) async throws(StoreFailure) -> ControlDocument? {
    try await store.document(id)
  }

  package func renew(_ renewal: GateRenewal) async throws(StoreFailure) -> ControlRecord {
    life.act() ? try await store.renew(renewal) : ControlRecord()
  }

  package func gates() async throws(StoreFailure) -> [GateRow] { try await store.gates() }

  package func removeGate(
    _ gate: ReplicaID, run: String, turn: Int64?, _ audit: AuditEntry
  ) async throws(StoreFailure) {
    if life.act() { try await store.removeGate(gate, run: run, turn: turn, audit) }
  }

  package func audit(_ entry: AuditEntry) async throws(StoreFailure) -> Int64 {
    life.act() ? try await store.audit(entry) : 0
  }
}

/// A disk as one process sees it until that process dies.
package struct MortalStorage: StableStorage {
  private let storage: any StableStorage
  private let life: Lifeline

  package init(_ storage: any StableStorage, of life: Lifeline) {
    self.storage = storage
    self.life = life
  }

  package func read() throws(StoreFailure) -> [UInt8] { try storage.read() }

  package func write(_ bytes: [UInt8], at offset: Int) throws(StoreFailure) {
    if life.act() { try storage.write(bytes, at: offset) }
  }
}
