import Crypto
import Foundation

/// One pass over a log from its first leaf: links, tree and checkpoints are all recomputed, and the first leaf that does not
/// fit is named. The same walk verifies the database, an export, and a copy beside a witness.
package struct AuditWalk {
  /// What the walk compares the log with; by size, each size once.
  private var checkpoints: [(checkpoint: AuditCheckpoint, source: Source)]
  private var next = 0
  private let keys: [AuditVerifierKey]
  /// Nil before the first leaf.
  private var chain: SHA256Digest?
  private var tree = MerkleFrontier<SHA256Digest>()
  /// Up to here a signed checkpoint vouches for every byte.
  private var vouched: Int64 = 0
  private var failure: (sequence: Int64, problem: String)?

  package enum Source: String, Sendable {
    case log = "the log's own checkpoint"
    case witness = "the witness"
    case given = "the checkpoint given"
  }

  /// - Parameters:
  ///   - checkpoints: signed ones, in any order; those of equal size must agree.
  ///   - keys: who may have signed them; without any, checkpoints of `log` are not used.
  package init(checkpoints: [(AuditCheckpoint, Source)] = [], keys: [AuditVerifierKey] = []) {
    self.checkpoints = checkpoints.sorted { $0.0.size < $1.0.size }.map { (checkpoint: $0.0, source: $0.1) }
    self.keys = keys
    compare()
  }

  package var size: Int64 { tree.size }
  package var root: [UInt8] { tree.root }
  package var isBroken: Bool { failure != nil }

  /// The next leaf in order; `completed` hears of the tree nodes it completes. Returns where its members are; nil after a
  /// problem, and nothing more is taken then.
  @discardableResult
  mutating func take(
    _ leaf: UnsafeRawBufferPointer, chain link: UnsafeRawBufferPointer, sequence: Int64? = nil,
    _ completed: (SHA256Digest) throws -> Void
  ) rethrows -> AuditScan? {
    guard failure == nil else { return nil }
    let expected = tree.size + 1
    if let sequence, sequence != expected {
      fail(expected, "row \(expected) is missing; the next one is \(sequence)")
      return nil
    }
    let hash = MerkleHash.leaf(leaf)
    let linked = chain.map { MerkleHash.pair(0x02, $0, hash) } ?? Self.first(hash)
    guard linked.isSame(as: link) else {
      fail(expected, "row \(expected) was changed, or one before it")
      return nil
    }
    guard let scan = AuditScan(leaf), scan.sequence == expected else {
      fail(expected, "row \(expected) does not hold its own sequence number in the canonical form")
      return nil
    }
    chain = linked
    try tree.append(hash, completed)
    if next < checkpoints.count { compare() }
    return scan
  }

  /// The link of the first leaf, whose predecessor is 32 zero bytes.
  private static func first(_ hash: SHA256Digest) -> SHA256Digest {
    var link = SHA256()
    link.update(data: [0x02] + AuditLeaf.origin)
    hash.withUnsafeBytes { link.update(bufferPointer: $0) }
    return link.finalize()
  }

  /// A checkpoint that stands at this place in an export.
  package mutating func pass(_ checkpoint: AuditCheckpoint) {
    guard failure == nil else { return }
    guard checkpoint.size == tree.size else {
      return fail(
        min(tree.size, checkpoint.size) + 1,
        "a checkpoint of \(checkpoint.size) entries stands after \(tree.size)")
    }
    judge(checkpoint, .log)
  }

  /// Something else is wrong with the leaf taken last, or, before any, with the log.
  package mutating func fail(_ sequence: Int64, _ problem: String) {
    if failure == nil { failure = (sequence, problem) }
  }

  /// What was found. Checkpoints beyond the last leaf say that leaves are missing.
  package mutating func finish() -> AuditVerdict {
    if failure == nil, next < checkpoints.count {
      let (beyond, source) = checkpoints[checkpoints.count - 1]
      if beyond.isSigned(by: keys) {
        fail(
          tree.size + 1,
          "\(beyond.size - tree.size) newest rows are missing: \(source.rawValue) states \(beyond.size) entries")
      } else {
        fail(tree.size + 1, "\(source.rawValue) of \(beyond.size) entries is not signed by a key of this log")
      }
    }
    let verified = failure.map { min($0.sequence - 1, tree.size) } ?? tree.size
    return AuditVerdict(
      verified: verified, head: chain.map { Array($0) } ?? AuditLeaf.origin, root: tree.root, vouched: vouched,
      firstBad: failure?.sequence, problem: failure?.problem)
  }

  private mutating func compare() {
    while failure == nil, next < checkpoints.count, checkpoints[next].checkpoint.size == tree.size {
      judge(checkpoints[next].checkpoint, checkpoints[next].source)
      next += 1
    }
  }

  private mutating func judge(_ checkpoint: AuditCheckpoint, _ source: Source) {
    guard checkpoint.isSigned(by: keys) else {
      return fail(
        max(1, checkpoint.size),
        "\(source.rawValue) of \(checkpoint.size) entries is not signed by a key of this log")
    }
    guard checkpoint.root == tree.root else {
      let first = vouched + 1
      let span = first == checkpoint.size ? "row \(first)" : "a row from \(first) to \(checkpoint.size)"
      return fail(first, "\(span) is not what \(source.rawValue) of \(checkpoint.size) entries vouches for")
    }
    vouched = checkpoint.size
  }
}

extension SHA256Digest {
  /// Nothing here is secret, so the first difference may end the comparison.
  func isSame(as bytes: UnsafeRawBufferPointer) -> Bool {
    withUnsafeBytes { mine in
      guard let base = bytes.baseAddress, bytes.count == mine.count, let own = mine.baseAddress else { return false }
      return memcmp(own, base, mine.count) == 0
    }
  }
}

/// What a verification found.
package struct AuditVerdict: Sendable, Equatable {
  /// Leaves in order and unchanged, from the first.
  package let verified: Int64
  /// The link of the last of them.
  package let head: [UInt8]
  /// The tree head over all leaves walked.
  package let root: [UInt8]
  /// Leaves that a signed checkpoint covers.
  package let vouched: Int64
  package let firstBad: Int64?
  package let problem: String?

  package var isSound: Bool { firstBad == nil }
}
