package import Crypto

/// The hashes of RFC 6962 §2.1: leaves and nodes are told apart by their first byte.
package enum MerkleHash {
  package static let byteCount = 32
  /// The head of a tree without leaves.
  package static let empty = Array(SHA256.hash(data: [UInt8]()))

  /// SHA-256(0x01 ‖ left ‖ right).
  package static func node(_ left: [UInt8], _ right: [UInt8]) -> [UInt8] { tagged(0x01, left, right) }

  /// SHA-256 of a tag and two parts, without joining them first.
  static func tagged(_ tag: UInt8, _ first: [UInt8], _ second: [UInt8] = []) -> [UInt8] {
    var hash = SHA256()
    withUnsafeBytes(of: tag) { hash.update(bufferPointer: $0) }
    first.withUnsafeBytes { hash.update(bufferPointer: $0) }
    if !second.isEmpty { second.withUnsafeBytes { hash.update(bufferPointer: $0) } }
    return Array(hash.finalize())
  }

  /// SHA-256(0x00 ‖ leaf), without an array.
  static func leaf(_ bytes: UnsafeRawBufferPointer) -> SHA256Digest {
    var hash = SHA256()
    withUnsafeBytes(of: UInt8(0x00)) { hash.update(bufferPointer: $0) }
    hash.update(bufferPointer: bytes)
    return hash.finalize()
  }

  /// SHA-256 of a tag and two hashes, without an array.
  static func pair(_ tag: UInt8, _ left: SHA256Digest, _ right: SHA256Digest) -> SHA256Digest {
    withUnsafeTemporaryAllocation(byteCount: 1 + 2 * byteCount, alignment: 8) { memory in
      memory[0] = tag
      left.withUnsafeBytes { UnsafeMutableRawBufferPointer(rebasing: memory[1...]).copyMemory(from: $0) }
      right.withUnsafeBytes { UnsafeMutableRawBufferPointer(rebasing: memory[33...]).copyMemory(from: $0) }
      var hash = SHA256()
      hash.update(bufferPointer: UnsafeRawBufferPointer(memory))
      return hash.finalize()
    }
  }
}

/// A hash of the tree: 32 bytes, as an array where it is kept, as a digest where a whole log is walked and an array for each
/// would cost more than hashing does.
package protocol MerkleDigest: Sequence<UInt8>, Sendable, Equatable {
  /// SHA-256(0x01 ‖ left ‖ right).
  static func node(_ left: Self, _ right: Self) -> Self
}

extension [UInt8]: MerkleDigest {
  package static func node(_ left: [UInt8], _ right: [UInt8]) -> [UInt8] { MerkleHash.node(left, right) }
}

extension SHA256Digest: MerkleDigest {
  package static func node(_ left: SHA256Digest, _ right: SHA256Digest) -> SHA256Digest {
    MerkleHash.pair(0x01, left, right)
  }
}

/// Where a node of the tree is kept: nodes are numbered in the order in which appending leaves completes them, so that the
/// table that holds them only grows at its end (as `golang.org/x/mod/sumdb/tlog` numbers them).
package enum MerklePosition {
  /// The node that covers the 2^level leaves from `index` · 2^level on.
  package static func of(level: Int, index: Int64) -> Int64 {
    let lastLeaf = (index + 1) << Int64(level) - 1
    return 2 * lastLeaf - Int64(lastLeaf.nonzeroBitCount) + Int64(level)
  }
}

/// The roots of the perfect subtrees of a growing tree, largest first: all that adding a leaf and stating the head need.
package struct MerkleFrontier<Hash: MerkleDigest>: Sendable, Equatable {
  package private(set) var size: Int64
  private var peaks: [Hash]

  package init() {
    size = 0
    peaks = []
  }

  /// The frontier of a tree of `size` leaves whose nodes are kept elsewhere. Reads at most 63 of them.
  package init(size: Int64, node: (_ level: Int, _ index: Int64) throws -> Hash) rethrows {
    self.size = size
    peaks = []
    for level in stride(from: 62, through: 0, by: -1) where size >> Int64(level) & 1 == 1 {
      peaks.append(try node(level, (size >> Int64(level)) - 1))
    }
  }

  /// Adds a leaf by its hash and returns the nodes it completes, the leaf first.
  @discardableResult
  package mutating func append(_ leafHash: Hash) -> [Hash] {
    var completed: [Hash] = []
    append(leafHash) { completed.append($0) }
    return completed
  }

  /// Adds a leaf by its hash; `completed` hears of the nodes it completes, the leaf first.
  mutating func append(_ leafHash: Hash, _ completed: (Hash) throws -> Void) rethrows {
    var hash = leafHash
    try completed(hash)
    var rest = size
    while rest & 1 == 1 {
      hash = Hash.node(peaks.removeLast(), hash)
      try completed(hash)
      rest >>= 1
    }
    peaks.append(hash)
    size += 1
  }

  /// The tree head, RFC 6962 §2.1.
  package var root: [UInt8] {
    guard var root = peaks.last else { return MerkleHash.empty }
    for peak in peaks.dropLast().reversed() { root = Hash.node(peak, root) }
    return Array(root)
  }
}

/// Proofs over a tree whose nodes are kept elsewhere; each reads O(log n) of them.
package struct MerkleProver {
  /// The stored node that covers the 2^level leaves from `index` · 2^level on.
  package let node: (_ level: Int, _ index: Int64) throws -> [UInt8]

  package init(node: @escaping (_ level: Int, _ index: Int64) throws -> [UInt8]) {
    self.node = node
  }

  /// RFC 6962 §2.1.1. Precondition: 0 ≤ index < size, and the tree has at least `size` leaves.
  package func inclusion(of index: Int64, in size: Int64) throws -> [[UInt8]] {
    precondition(index >= 0 && index < size, "leaf \(index) is not in a tree of \(size)")
    return try path(index, 0, size)
  }

  /// RFC 6962 §2.1.2. Precondition: 0 ≤ old ≤ size. Empty when there is nothing to show: from 0, and between equal sizes.
  package func consistency(from old: Int64, to size: Int64) throws -> [[UInt8]] {
    precondition(old >= 0 && old <= size, "a tree of \(size) does not contain one of \(old)")
    return old == 0 || old == size ? [] : try subproof(old, 0, size, isWhole: true)
  }

  /// The head of the first `size` leaves.
  package func root(of size: Int64) throws -> [UInt8] { size == 0 ? MerkleHash.empty : try hash(0, size) }

  private func hash(_ low: Int64, _ high: Int64) throws -> [UInt8] {
    let count = high - low
    if count & (count - 1) == 0 {
      let level = count.trailingZeroBitCount
      return try node(level, low >> Int64(level))
    }
    let middle = low + Self.split(count)
    return MerkleHash.node(try hash(low, middle), try hash(middle, high))
  }

  private func path(_ index: Int64, _ low: Int64, _ high: Int64) throws -> [[UInt8]] {
    guard high - low > 1 else { return [] }
    let middle = low + Self.split(high - low)
    return index < middle
      ? try path(index, low, middle) + [hash(middle, high)] : try path(index, middle, high) + [hash(low, middle)]
  }

  private func subproof(_ old: Int64, _ low: Int64, _ high: Int64, isWhole: Bool) throws -> [[UInt8]] {
    if old == high { return isWhole ? [] : [try hash(low, high)] }
    let middle = low + Self.split(high - low)
    return old <= middle
      ? try subproof(old, low, middle, isWhole: isWhole) + [hash(middle, high)]
      : try subproof(old, middle, high, isWhole: false) + [hash(low, middle)]
  }

  /// The largest power of two below `count`, which is at least 2.
  private static func split(_ count: Int64) -> Int64 { 1 << Int64(63 - (count - 1).leadingZeroBitCount) }
}

/// Checks proofs, with nothing but hashes.
package enum MerkleCheck {
  /// RFC 9162 §2.1.3.2: whether `proof` shows that leaf `index` with `leafHash` is in the tree of `size` with `root`.
  package static func includes(
    _ leafHash: [UInt8], at index: Int64, size: Int64, root: [UInt8], proof: [[UInt8]]
  ) -> Bool {
    guard index >= 0, index < size else { return false }
    var (from, last, hash) = (index, size - 1, leafHash)
    for sibling in proof {
      guard last != 0 else { return false }
      if from & 1 == 1 || from == last {
        hash = MerkleHash.node(sibling, hash)
        while from & 1 == 0, from != 0 { (from, last) = (from >> 1, last >> 1) }
      } else {
        hash = MerkleHash.node(hash, sibling)
      }
      (from, last) = (from >> 1, last >> 1)
    }
    return last == 0 && hash == root
  }

  /// RFC 9162 §2.1.4.2: whether `proof` shows that the tree of `size` only added leaves to the tree of `old`.
  package static func isConsistent(
    old: Int64, oldRoot: [UInt8], size: Int64, root: [UInt8], proof: [[UInt8]]
  ) -> Bool {
    guard old >= 0, old <= size else { return false }
    if old == size { return proof.isEmpty && oldRoot == root }
    if old == 0 { return proof.isEmpty && oldRoot == MerkleHash.empty }
    var path = proof[...]
    if old & (old - 1) == 0 { path = [oldRoot] + path }
    guard let first = path.popFirst() else { return false }
    var (from, last) = (old - 1, size - 1)
    while from & 1 == 1 { (from, last) = (from >> 1, last >> 1) }
    var (before, after) = (first, first)
    for sibling in path {
      guard last != 0 else { return false }
      if from & 1 == 1 || from == last {
        before = MerkleHash.node(sibling, before)
        after = MerkleHash.node(sibling, after)
        while from & 1 == 0, from != 0 { (from, last) = (from >> 1, last >> 1) }
      } else {
        after = MerkleHash.node(after, sibling)
      }
      (from, last) = (from >> 1, last >> 1)
    }
    return last == 0 && before == oldRoot && after == root
  }
}
