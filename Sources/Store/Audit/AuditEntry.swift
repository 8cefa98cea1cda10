package import ControlModel
import Crypto
package import Foundation
import Telemetry

/// Something someone did, or tried to do, that has to be provable later.
package struct AuditEntry: Sendable, Equatable {
  package var at: WallTime
  package var actor: String
  /// The tenant the actor acted as, in an act-as session.
  package var actingAs: String?
  /// Dotted verb: `control.impose`, `control.release`, `approval.approve`, `alert.ack`.
  package var action: String
  /// What it was done to: an id, with its kind as prefix.
  package var object: String
  /// SHA-256 in hex of the object's canonical form before and after; empty when there is none.
  package var before: String
  package var after: String
  package var requestID: RequestID
  /// The person's own words.
  package var reason: String
  /// One sentence of what happened.
  package var summary: String

  package init(
    at: WallTime, actor: String, actingAs: String? = nil, action: String, object: String, before: String = "",
    after: String = "", requestID: RequestID, reason: String = "", summary: String
  ) {
    self.at = at
    self.actor = actor
    self.actingAs = actingAs
    self.action = action
    self.object = object
    self.before = before
    self.after = after
    self.requestID = requestID
    self.reason = reason
    self.summary = summary
  }
}

/// One row of the audit log: the exact bytes that were hashed, and where they stand in the chain.
/// `docs/reference/audit-format.md` specifies both byte by byte.
package struct AuditLeaf: Sendable, Equatable {
  package let sequence: Int64
  package let bytes: [UInt8]
  package let entry: AuditEntry
  package let chain: [UInt8]

  /// What stands before the first leaf: 32 zero bytes.
  package static let origin = [UInt8](repeating: 0, count: 32)

  /// The next leaf after a chain that ends in `previous`.
  package init(_ entry: AuditEntry, sequence: Int64, after previous: [UInt8]) {
    self.entry = entry
    self.sequence = sequence
    bytes = Self.encode(entry, sequence)
    chain = Self.link(previous, bytes)
  }

  /// A stored leaf, decoded; nil if its bytes are not a leaf.
  package init?(bytes: [UInt8], chain: [UInt8]) {
    guard let decoded = try? JSONDecoder().decode(LeafJSON.self, from: Data(bytes)), let entry = decoded.entry else {
      return nil
    }
    self.bytes = bytes
    self.chain = chain
    self.entry = entry
    sequence = decoded.seq
  }

  /// RFC 6962 §2.1: SHA-256(0x00 ‖ leaf).
  package static func leafHash(_ bytes: [UInt8]) -> [UInt8] { MerkleHash.tagged(0x00, bytes) }

  /// SHA-256(0x02 ‖ previous link ‖ leaf hash).
  package static func link(_ previous: [UInt8], _ bytes: [UInt8]) -> [UInt8] {
    MerkleHash.tagged(0x02, previous, leafHash(bytes))
  }

  /// Canonical JSON: members sorted by name, no white space, strings and integers only.
  private static func encode(_ entry: AuditEntry, _ sequence: Int64) -> [UInt8] {
    var line = JSONLine()
    line.begin()
    if let actingAs = entry.actingAs { line.field("actingAs", actingAs) }
    line.field("action", entry.action)
    line.field("actor", entry.actor)
    line.field("after", entry.after)
    line.field("at", entry.at.description)
    line.field("before", entry.before)
    line.field("object", entry.object)
    line.field("reason", entry.reason)
    line.field("requestId", entry.requestID.text)
    line.field("seq", Int(sequence))
    line.field("summary", entry.summary)
    line.end()
    return line.bytes
  }

  private struct LeafJSON: Decodable {
    let action, actor, after, at, before, object, reason, requestId, summary: String
    let actingAs: String?
    let seq: Int64

    var entry: AuditEntry? {
      guard let at = WallTime(rfc3339: at), let requestID = RequestID(requestId) else { return nil }
      return AuditEntry(
        at: at, actor: actor, actingAs: actingAs, action: action, object: object, before: before, after: after,
        requestID: requestID, reason: reason, summary: summary)
    }
  }
}

/// Hash of a document's canonical form, for `before` and `after`.
package enum DocumentDigest {
  package static func of(_ bytes: some DataProtocol) -> String { Hex.text(SHA256.hash(data: bytes)) }
}
