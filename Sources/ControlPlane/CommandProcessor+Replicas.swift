import ControlModel
package import Store
import TradingRuntime

/// What other replicas do to the shared state, and what a stop asks of them.
extension CommandProcessor {
  /// Takes over what the store holds when that is newer. The gate decides by it when this returns.
  package func adopt(_ record: ControlRecord) {
    for approval in record.approvals where approvals[approval.id].map({ $0.status == .pending }) ?? true {
      approvals[approval.id] = approval
    }
    guard record.state.epoch > committed.epoch else { return }
    committed = record.state
    // A stop of ours that the store took although its commit seemed to fail.
    for id in holds.keys where committed.controls[id] != nil { holds[id] = nil }
    publish()
  }

  package func join(_ keeper: ReplicaKeeper) { replicas = keeper }

  /// How the other gates stand once a stop is committed; nil when it is not, and there are others who may not know.
  func sealElsewhere(_ commit: CommittedStop?, within limit: Duration?) async -> [GateSeal]? {
    guard let replicas, replicas.settings.isShared else { return [] }
    guard let commit else { return nil }
    return await replicas.seal(commit.control.epoch, within: limit)
  }
}

extension CommandProcessor {
  /// Goes on with a stop that was answered before it was committed, or before it was sealed everywhere, until it is both;
  /// what is true of it now then says so.
  func finishLater(_ recording: Recording, isSealed: Bool, actor: String, requestID: RequestID) {
    // Ends when it is committed and every gate has acknowledged or is certainly silent; nobody cancels it.
    Task {
      guard let commit = await recording.committed.value(within: nil, sleep: sleep) else { return }
      let id = commit.control.id
      followed[id]?.receipt.durability = .committed
      followed[id]?.receipt.durableAt = commit.at
      followed[id]?.receipt.audit = commit.audit
      guard !isSealed, await sealElsewhere(commit, within: nil)?.isSealed == true else { return }
      noteSealed(commit.control, .sealed, .committed)
      followed[id]?.receipt.state = .sealed
      tell(.sealed, [commit.control], actor: actor, requestID: requestID)
    }
  }
}

extension [GateSeal] {
  var isSealed: Bool { allSatisfy { $0.by != nil } }

  /// Other gates' proofs, as a receipt lists them.
  var acknowledgements: [FenceAcknowledgement] {
    compactMap { seal in
      guard let row = seal.row, let by = seal.by else { return nil }
      return FenceAcknowledgement(
        replica: row.gate, epoch: row.acked, at: row.at, drained: row.report.drained,
        sealedBy: by == .lease ? .lease : row.report.wasReset ? .reset : .ack,
        lastOrderOutAt: row.report.lastOrderOutAt, inDoubt: [])
    }
  }
}
