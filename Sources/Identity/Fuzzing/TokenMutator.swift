/// Turns a good token into a near miss, the same one for the same seed.
package struct TokenMutator: Sendable {
  private var random: SplitMix64

  package init(seed: UInt64) {
    random = SplitMix64(seed)
  }

  /// One to three random edits: bytes flipped, replaced, inserted, removed, repeated, cut off, or spliced from `other`.
  package mutating func mutate(_ token: [UInt8], splicing other: [UInt8]) -> [UInt8] {
    var bytes = token
    for _ in 0..<Int.random(in: 1...3, using: &random) { edit(&bytes, other) }
    return bytes
  }

  private mutating func edit(_ bytes: inout [UInt8], _ other: [UInt8]) {
    guard !bytes.isEmpty else {
      bytes.append(byte())
      return
    }
    let index = Int.random(in: bytes.indices, using: &random)
    switch Int.random(in: 0..<9, using: &random) {
    case 0: bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
    case 1: bytes[index] = byte()
    case 2: bytes[index] = base64Character()
    case 3: bytes.insert(base64Character(), at: index)
    case 4: bytes.insert(byte(), at: index)
    case 5: bytes.remove(at: index)
    case 6: bytes.removeSubrange(index...)
    case 7:
      let end = Int.random(in: index...min(index + 64, bytes.count), using: &random)
      bytes.insert(contentsOf: bytes[index..<end], at: index)
    default:
      let start = Int.random(in: 0...other.count, using: &random)
      bytes.replaceSubrange(index..., with: other[start...])
    }
  }

  private mutating func byte() -> UInt8 {
    UInt8.random(in: .min ... .max, using: &random)
  }

  private mutating func base64Character() -> UInt8 {
    let characters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=".utf8)
    return characters[Int.random(in: characters.indices, using: &random)]
  }
}
