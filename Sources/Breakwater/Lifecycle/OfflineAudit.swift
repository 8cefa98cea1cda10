import AdminAPI
import Foundation
import GRDB
package import Store
import Telemetry
package import Wire

/// Reads an audit log without its service: a data directory, a copy of one, or an export.
package enum OfflineAudit {
  /// A data directory's log, against its own checkpoints and, when there is one, a witness file.
  package static func verify(_ folder: String, witness: String? = nil) throws(StoreFailure) -> AuditVerdictDocument {
    let path = "\(folder)/control.sqlite"
    guard FileManager.default.fileExists(atPath: path) else {
      throw StoreFailure(.unavailable, "\(folder) holds no control.sqlite; name a data directory.")
    }
    let trust = AuditLog.Trust(
      keys: AuditVerifierKey.read("\(folder)/\(AuditKey.publicFileName)"),
      witness: try witness.map { (path) throws(StoreFailure) in try AuditWitness.read(path) } ?? [])
    return try measured { () throws(StoreFailure) in
      do {
        var configuration = GRDB.Configuration()
        configuration.readonly = true
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        return try queue.read { try AuditLog.verify(trust, in: $0) }
      } catch {
        throw StoreFailure(.corrupt, "The audit log in \(path) cannot be read: \(error).")
      }
    }
  }

  /// An export, with nothing but public keys.
  ///
  /// - Parameter keys: a file of verifier keys, or one key; nil believes those the export names.
  package static func verify(
    export path: String, keys: String?, witness: String?
  ) throws(StoreFailure) -> AuditVerdictDocument {
    guard let bytes = try? Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe) else {
      throw StoreFailure(.unavailable, "The export \(path) cannot be read.")
    }
    var trusted: [AuditVerifierKey]?
    if let keys {
      trusted = AuditVerifierKey(text: keys).map { [$0] } ?? AuditVerifierKey.read(keys)
      guard trusted?.isEmpty == false else {
        throw StoreFailure(.unavailable, "\(keys) is neither a verifier key nor a file of them (audit.pub).")
      }
    }
    let notes = try witness.map { (path) throws(StoreFailure) in try AuditWitness.read(path) } ?? []
    let given = trusted
    return try measured { () throws(StoreFailure) in
      AuditExport.verify(bytes, keys: given, beside: notes.map { ($0, .witness) })
    }
  }

  private static func measured(
    _ work: () throws(StoreFailure) -> AuditVerdict
  ) throws(StoreFailure) -> AuditVerdictDocument {
    let start = SystemSources.clocks.monotonic()
    let verdict = try work()
    return AuditVerdictDocument(verdict, nanoseconds: SystemSources.clocks.monotonic() - start)
  }

  /// Whether a proof the service gave shows its entry in the tree its checkpoint signs; the sentence says what was shown.
  package static func isProved(_ document: AuditProofDocument, keys: String?) -> (isProved: Bool, sentence: String) {
    guard let leaf = document.leaf, let sequence = document.seq, let root = Hex.bytes(document.root) else {
      return (false, "the answer holds no proof")
    }
    let proof = document.proof.compactMap { Hex.bytes($0) }
    guard proof.count == document.proof.count,
      MerkleCheck.includes(
        AuditLeaf.leafHash(Array(leaf.utf8)), at: sequence - 1, size: document.size, root: root, proof: proof)
    else { return (false, "the proof does not show entry \(sequence) in the tree of \(document.size)") }
    guard let checkpoint = document.checkpoint.flatMap({ AuditCheckpoint(note: $0) }), checkpoint.size == document.size,
      checkpoint.root == root
    else { return (false, "no checkpoint vouches for the tree of \(document.size)") }
    guard let keys else {
      return (true, "entry \(sequence) is in the tree of \(document.size); name --key to check who signed that")
    }
    let trusted = AuditVerifierKey(text: keys).map { [$0] } ?? AuditVerifierKey.read(keys)
    return checkpoint.isSigned(by: trusted)
      ? (true, "entry \(sequence) is in the tree of \(document.size), signed by \(checkpoint.origin)")
      : (false, "the checkpoint over \(document.size) entries is not signed by the key given")
  }
}
