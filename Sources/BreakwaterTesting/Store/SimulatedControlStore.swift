package import ControlModel
package import Store
import Synchronization

/// Control state in memory with a store's faults. The content outlives its users, as a database outlives a process.
package final class SimulatedControlStore: ControlStore {
  package let faults = FaultSwitch()
  private let content = Mutex(Content())
  private let told: @Sendable (ControlCommit) -> Void

  fileprivate struct Content {
    var epoch = Epoch.zero
    var documents: [ControlID: ControlDocument] = [:]
    var approvals: [ApprovalID: Approval] = [:]
    var leaves: [AuditLeaf] = []
    var gates: [ReplicaID: GateRow] = [:]
    var homes: [ReplicaID: String] = [:]
  }

  /// - Parameter told: hears of each commit at the moment it takes effect.
  package init(told: @escaping @Sendable (ControlCommit) -> Void = { _ in }) {
    self.told = told
  }

  package var leaves: [AuditLeaf] { content.withLock { $0.leaves } }

  package func load() async throws(StoreFailure) -> ControlRecord {
    try await respond()
    return loadNow()
  }

  package func commit(_ commit: ControlCommit) async throws(StoreFailure) -> Int64 {
    try await respond()
    let sequence = Result { () throws(StoreFailure) in try commitNow(commit) }
    guard faults.fault != .liesAboutFailure else { throw Fault.failure }
    return try sequence.get()
  }

  /// As `commit`, at once and without faults, for simulations that have their own.
  package func commitNow(_ commit: ControlCommit) throws(StoreFailure) -> Int64 {
    let told = told
    let sequence: Result<Int64, StoreFailure> = content.withLock { content in
      var next = content
      guard content.epoch == commit.expecting else {
        return .failure(StoreFailure(.conflict, "The store is at \(content.epoch), not \(commit.expecting)."))
      }
      for control in commit.imposed {
        guard next.documents[control.id] == nil else {
          return .failure(StoreFailure(.conflict, "Control \(control.id) exists already."))
        }
        next.documents[control.id] = ControlDocument(control: control, release: nil)
      }
      for id in commit.released {
        guard let document = next.documents[id], document.release == nil else {
          return .failure(StoreFailure(.conflict, "Control \(id) is not in force."))
        }
        next.documents[id] = ControlDocument(control: document.control, release: commit.release)
      }
      for approval in commit.approvals { next.approvals[approval.id] = approval }
      next.epoch = commit.epoch
      next.append(commit.audit)
      content = next
      told(commit)
      return .success(Int64(content.leaves.count))
    }
    return try sequence.get()
  }

  package func documents(active: Bool?, limit: Int) async throws(StoreFailure) -> [ControlDocument] {
    try await respond()
    return content.withLock { content in
      let wanted = content.documents.values.filter { active == nil || ($0.release == nil) == active }
      return Array(wanted.sorted { $0.control.epoch > $1.control.epoch }.prefix(limit))
    }
  }

  package func document(_ id: ControlID) async throws(StoreFailure) -> ControlDocument? {
    try await respond()
    return content.withLock { $0.documents[id] }
  }

  package func renew(_ renewal: GateRenewal) async throws(StoreFailure) -> ControlRecord {
    try await respond()
    let record = Result { () throws(StoreFailure) in try renewNow(renewal) }
    guard faults.fault != .liesAboutFailure else { throw Fault.failure }
    return try record.get()
  }

  package func renewNow(_ renewal: GateRenewal) throws(StoreFailure) -> ControlRecord {
    let record: Result<ControlRecord, StoreFailure> = content.withLock { content in
      let row = content.gates[renewal.gate]
      guard renewal.isFirst || row?.run == renewal.run else {
        return .failure(StoreFailure(.conflict, "The gate \(renewal.gate) is not registered for this run."))
      }
      let isSuccessor = row?.run == renewal.run || content.homes[renewal.gate] == renewal.home
      let isAlone = row == nil || renewal.isAlone || (isSuccessor && row?.isAlone == true)
      content.homes[renewal.gate] = renewal.home
      content.gates[renewal.gate] = GateRow(
        gate: renewal.gate, run: renewal.run, turn: (row?.turn ?? 0) + 1, acked: renewal.acked, isAlone: isAlone,
        lease: isAlone ? renewal.lease : max(renewal.lease, row?.lease ?? 0), at: renewal.at, report: renewal.report)
      return .success(content.record)
    }
    return try record.get()
  }

  package func gates() async throws(StoreFailure) -> [GateRow] {
    try await respond()
    return gatesNow()
  }

  package func loadNow() -> ControlRecord { content.withLock { $0.record } }
  package func gatesNow() -> [GateRow] { content.withLock { $0.gates.values.sorted { $0.gate < $1.gate } } }
  package func documentNow(_ id: ControlID) -> ControlDocument? { content.withLock { $0.documents[id] } }

  package func removeGate(
    _ gate: ReplicaID, run: String, turn: Int64?, _ audit: AuditEntry
  ) async throws(StoreFailure) {
    try await respond()
    let isThere = content.withLock { content in
      guard let row = content.gates[gate], row.run == run, turn == nil || row.turn == turn else { return false }
      content.gates[gate] = nil
      content.append(audit)
      return true
    }
    guard isThere else { throw StoreFailure(.conflict, "No gate \(gate) of this run is registered.") }
  }

  package func audit(_ entry: AuditEntry) async throws(StoreFailure) -> Int64 {
    try await respond()
    return content.withLock { content in
      content.append(entry)
      return Int64(content.leaves.count)
    }
  }

  private func respond() async throws(StoreFailure) {
    faults.noteTry()
    await faults.pass()
    if faults.fault == .refuses { throw Fault.failure }
  }
}

extension SimulatedControlStore.Content {
  fileprivate var record: ControlRecord {
    ControlRecord(
      state: ControlState(epoch: epoch, controls: documents.values.filter { $0.release == nil }.map(\.control)),
      approvals: approvals.values.sorted { $0.requestedAt > $1.requestedAt })
  }

  fileprivate mutating func append(_ entry: AuditEntry) {
    leaves.append(
      AuditLeaf(entry, sequence: Int64(leaves.count + 1), after: leaves.last?.chain ?? AuditLeaf.origin))
  }
}
