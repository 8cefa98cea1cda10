/// Turns a good token into a near miss, the same one for the same seed.
package struct TokenMutator: Sendable {
  private var random: SplitMix64

  package init(seed: UInt64) {
    random = SplitMix64(seed)
  }

  /// One to three random edits: bytes flipped, replaced, inserted, removed, repeated, cut off, or spliced from `other`.
  package mutating func mutate(_ token: [UInt8], splicing other: [UInt8]) -> [UInt8] {
    var bytes = token
    for _ in 0..<Int.random(in: 1...3, using: &random) {
      if choose(4) == 0 { editPart(&bytes) } else { edit(&bytes, other) }
    }
    return bytes
  }

  /// One to three edits of JSON text: members put in, ranges replaced, bytes changed.
  package mutating func mutate(json text: [UInt8]) -> [UInt8] {
    var text = text
    for _ in 0..<Int.random(in: 1...3, using: &random) {
      let position = Int.random(in: 0...text.count, using: &random)
      switch choose(4) {
      case 0: if position < text.count { text[position] = byte() }
      case 1: text.insert(contentsOf: morsel(), at: position)
      case 2:
        let end = Int.random(in: position...min(position + 24, text.count), using: &random)
        text.replaceSubrange(position..<end, with: morsel())
      default:
        // In front of a member, where it repeats or overrides one.
        let marks = text.indices.filter { text[$0] == UInt8(ascii: "{") || text[$0] == UInt8(ascii: ",") }
        if !marks.isEmpty { text.insert(contentsOf: morsel(), at: marks[choose(marks.count)] + 1) }
      }
    }
    return text
  }

  /// A number below `count`, which is positive.
  package mutating func choose(_ count: Int) -> Int { Int.random(in: 0..<count, using: &random) }

  /// Damages the JSON inside the header or the payload and encodes it again.
  private mutating func editPart(_ bytes: inout [UInt8]) {
    var parts = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).map(Array.init)
    let index = choose(2)
    let part = index < parts.count ? parts[index] : []
    guard !part.isEmpty, let text = Base64URL.decode(part.span) else { return edit(&bytes, bytes) }
    parts[index] = Array(Base64URL.encode(mutate(json: text)).utf8)
    bytes = Array(parts.joined(separator: [UInt8(ascii: ".")]))
  }

  private mutating func morsel() -> [UInt8] { Self.morsels[choose(Self.morsels.count)] }

  private static let morsels: [[UInt8]] = [
    #""alg":"none","#, #""alg":"HS256","#, #""alg":"ES256","#, #""kid":"","#, #""crit":["b64"],"#, #""b64":false,"#,
    #""jwk":{},"#, #""typ":"JWT","#, #""zip":"DEF","#, #""exp":1e308,"#, #""exp":-1,"#, #""exp":"1","#, #""exp":null,"#,
    #""nbf":1e99,"#, #""iat":9999999999999999999,"#, #""aud":[],"#, #""aud":{},"#, #""role":["admin"],"#,
    #""role":"admin","#, #""tenantId":"a/../b","#, #""tenantId":1,"#, #""sub":"\u0000","#, #""sub":"","#, #""jti":[],"#,
    "\\u0061", "\\ud800", "[[[[", "{}", "null", "true", "0", "-", "1e", ",", ":", "\"", "\\", "\u{0}", "\u{ff}", "/",
  ].map { Array($0.utf8) }

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
