import Crypto
import Foundation
import Store
import Telemetry
import Testing

/// The tree of RFC 6962, checked against its own definition and the published heads of its reference test.
@Suite struct `The Merkle tree` {
  /// RFC 6962 §2.1, word for word.
  private func root(_ leaves: ArraySlice<[UInt8]>) -> [UInt8] {
    guard leaves.count > 0 else { return Array(SHA256.hash(data: [UInt8]())) }
    guard leaves.count > 1 else { return Array(SHA256.hash(data: [0x00] + leaves[leaves.startIndex])) }
    var split = 1
    while split * 2 < leaves.count { split *= 2 }
    let middle = leaves.startIndex + split
    return Array(SHA256.hash(data: [0x01] + root(leaves[..<middle]) + root(leaves[middle...])))
  }

  private let leaves: [[UInt8]] = (0..<70).map { Array("leaf \($0)".utf8) }

  /// Stored nodes of the first `count` leaves, in the order in which they were completed.
  private func nodes(_ count: Int) -> [[UInt8]] {
    var frontier = MerkleFrontier<[UInt8]>()
    return leaves.prefix(count).flatMap { frontier.append(AuditLeaf.leafHash($0)) }
  }

  @Test func `has the heads that the reference implementation of RFC 6962 publishes`() {
    let inputs = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
    let heads = [
      "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
      "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
      "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
      "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
      "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
      "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
      "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ]
    var frontier = MerkleFrontier<[UInt8]>()
    for (input, head) in zip(inputs, heads) {
      frontier.append(AuditLeaf.leafHash(Hex.bytes(input)!))  // the inputs are hex
      #expect(Hex.text(frontier.root) == head)
    }
    #expect(MerkleFrontier<[UInt8]>().root == MerkleHash.empty)
  }

  @Test func `states the head its definition gives, at every size, also when read back from its nodes`() throws {
    var frontier = MerkleFrontier<[UInt8]>()
    for size in 0...leaves.count {
      #expect(frontier.root == root(leaves[..<size]))
      let stored = nodes(size)
      let restored = MerkleFrontier(size: Int64(size)) { stored[Int(MerklePosition.of(level: $0, index: $1))] }
      #expect(restored == frontier)
      if size < leaves.count { frontier.append(AuditLeaf.leafHash(leaves[size])) }
    }
  }

  @Test func `proves every leaf in every tree, and no other leaf, place, tree or proof`() throws {
    let stored = nodes(leaves.count)
    let prover = MerkleProver { stored[Int(MerklePosition.of(level: $0, index: $1))] }
    for size in 1...Int64(33) {
      let head = root(leaves[..<Int(size)])
      #expect(try prover.root(of: size) == head)
      for index in 0..<size {
        let leaf = AuditLeaf.leafHash(leaves[Int(index)])
        let proof = try prover.inclusion(of: index, in: size)
        func holds(_ leaf: [UInt8], _ index: Int64, _ size: Int64, _ root: [UInt8], _ proof: [[UInt8]]) -> Bool {
          MerkleCheck.includes(leaf, at: index, size: size, root: root, proof: proof)
        }
        #expect(holds(leaf, index, size, head, proof))
        #expect(!holds(AuditLeaf.leafHash([1]), index, size, head, proof))
        #expect(!holds(leaf, index, size, MerkleHash.empty, proof))
        #expect(!holds(leaf, index, size, head, proof + [head]))
        if !proof.isEmpty { #expect(!holds(leaf, index, size, head, Array(proof.dropLast()))) }
        if size > 1 { #expect(!holds(leaf, (index + 1) % size, size, head, proof)) }
        #expect(!holds(leaf, size, size, head, proof) && !holds(leaf, -1, size, head, proof))
      }
    }
  }

  @Test func `proves that it only grew, between any two sizes, and refuses a fork`() throws {
    let stored = nodes(leaves.count)
    let prover = MerkleProver { stored[Int(MerklePosition.of(level: $0, index: $1))] }
    for size in 0...Int64(33) {
      for old in 0...size {
        let proof = try prover.consistency(from: old, to: size)
        let (before, after) = (root(leaves[..<Int(old)]), root(leaves[..<Int(size)]))
        func holds(_ old: Int64, _ before: [UInt8], _ size: Int64, _ after: [UInt8], _ proof: [[UInt8]]) -> Bool {
          MerkleCheck.isConsistent(old: old, oldRoot: before, size: size, root: after, proof: proof)
        }
        #expect(holds(old, before, size, after, proof))
        if old > 0, old < size {
          let fork = root((leaves[..<Int(old - 1)] + [[9]])[...])
          #expect(!holds(old, fork, size, after, proof))
          #expect(!holds(old, before, size, before, proof))
          #expect(!holds(old, before, size, after, Array(proof.dropLast())))
          #expect(!holds(old, before, size, after, proof + [after]))
        }
        #expect(!holds(size + 1, before, size, after, proof))
      }
    }
  }
}
