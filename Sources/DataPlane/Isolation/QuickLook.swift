import ControlModel

/// Tells in one fast pass over a piece whether anything in it has to be looked at closely.
///
/// It needs to know nothing of what came before: a member named after a tenant is spelled with the name's letters or with
/// a `\u` escape of one, and so is a canary, which begins with `CANARY-`, wherever strings begin and end. So a piece in
/// which none of them stands, and each name that does is followed by the caller's own tenant in plain spelling, holds
/// nothing to be found.
/// Everything else, and whatever the end of the piece cuts off, is suspect. Sixteen bytes at a time: about ten times as
/// fast as reading the JSON.
struct QuickLook {
  private typealias Block = SIMD16<UInt8>

  private let keys: TenantKeys
  private var own: [UInt8] = []
  /// The first two bytes of the names, folded, each pair once; one or two are looked for in blocks.
  private let pairs: [(UInt8, UInt8)]

  init(_ keys: TenantKeys) {
    self.keys = keys
    pairs = Self.pairs(keys)
  }

  mutating func begin(own: [UInt8]) { self.own = own }

  private static func pairs(_ keys: TenantKeys) -> [(UInt8, UInt8)] {
    var pairs: [(UInt8, UInt8)] = []
    for name in keys.folded where !pairs.contains(where: { $0 == (name[0], name[1]) }) {
      pairs.append((name[0], name[1]))
    }
    return pairs
  }

  /// Whether anything in these bytes has to be looked at closely.
  func isSuspect(_ bytes: Span<UInt8>) -> Bool {
    guard bytes.count > 0 else { return false }
    var index = 0
    if pairs.count <= 2, bytes.count > Self.blockBytes {
      let blocks = Blocks(pairs)
      while index + Self.blockBytes < bytes.count {
        if isSuspect(bytes, index, blocks) { return true }
        index += Self.blockBytes
      }
      // The last block overlaps the one before; its last byte has no next and is looked at below.
      if index < bytes.count - 1, isSuspect(bytes, bytes.count - 1 - Self.blockBytes, blocks) { return true }
      index = bytes.count - 1
    }
    // Short pieces; with names of more than two beginnings, everything.
    while index + 1 < bytes.count {
      if isSuspect(bytes, at: index) { return true }
      index += 1
    }
    let last = bytes[bytes.count - 1]
    return last == 0x5c || last == UInt8(ascii: "C") || pairs.contains { $0.0 == last | 0x20 }
  }

  private static let blockBytes = 16

  /// What blocks are compared with. Vectors throughout: operators that take a scalar are not specialised and a thousand
  /// times as slow.
  private struct Blocks {
    let first0, first1, second0, second1: Block
    let solidus = Block(repeating: 0x5c)
    let mark = Block(repeating: UInt8(ascii: "C"))
    let fold = Block(repeating: 0x20)

    init(_ pairs: [(UInt8, UInt8)]) {
      let second = min(1, pairs.count - 1)
      (first0, first1) = (Block(repeating: pairs[0].0), Block(repeating: pairs[0].1))
      (second0, second1) = (Block(repeating: pairs[second].0), Block(repeating: pairs[second].1))
    }
  }

  /// Whether anything that begins in the block at `index` has to be looked at closely. One more byte follows the block.
  @inline(__always)
  private func isSuspect(_ bytes: Span<UInt8>, _ index: Int, _ blocks: Blocks) -> Bool {
    let here = bytes.bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: index, as: Block.self)
    let next = bytes.bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: index + 1, as: Block.self)
    let foldedHere = here | blocks.fold
    let foldedNext = next | blocks.fold
    let names = (foldedHere .== blocks.first0) .& (foldedNext .== blocks.first1)
    let others = (foldedHere .== blocks.second0) .& (foldedNext .== blocks.second1)
    let rest = (here .== blocks.solidus) .| (here .== blocks.mark)
    let halves = unsafeBitCast(names .| others .| rest, to: SIMD2<UInt64>.self)
    if halves[0] | halves[1] == 0 { return false }
    return check(bytes, index, halves[0]) || check(bytes, index + 8, halves[1])
  }

  /// Checks the places whose byte in `marks` is set.
  private func check(_ bytes: Span<UInt8>, _ start: Int, _ marks: UInt64) -> Bool {
    var marks = marks
    while marks != 0 {
      let lane = marks.trailingZeroBitCount >> 3
      if isSuspect(bytes, at: start + lane) { return true }
      marks &= ~(0xff << UInt64(lane << 3))
    }
    return false
  }

  private func isSuspect(_ bytes: Span<UInt8>, at index: Int) -> Bool {
    let byte = bytes[index]
    if byte == 0x5c { return bytes[index + 1] == UInt8(ascii: "u") && maySpell(bytes, index + 2) }
    if byte == UInt8(ascii: "C"), beginsMark(bytes, index) { return true }
    for name in keys.folded where name[0] == byte | 0x20 {
      var offset = 1
      while offset < name.count, index + offset < bytes.count, bytes[index + offset] | 0x20 == name[offset] {
        offset += 1
      }
      if index + offset == bytes.count { return true }
      if offset == name.count, isForeign(bytes, index, index + offset) { return true }
    }
    return false
  }

  /// Whether the digits of a `\u` escape may spell a byte of a name, a tenant or a mark. What is cut off may.
  private func maySpell(_ bytes: Span<UInt8>, _ start: Int) -> Bool {
    guard start + 4 <= bytes.count else { return true }
    var value: UInt32 = 0
    for index in start..<start + 4 {
      guard let digit = TargetSyntax.hexDigit(bytes[index]) else { return true }
      value = value << 4 | UInt32(digit)
    }
    return value < 0x80 && IDAlphabet.contains(UInt8(value))
  }

  private func beginsMark(_ bytes: Span<UInt8>, _ index: Int) -> Bool {
    CanaryScanner.mark.withUTF8Buffer { mark in
      var offset = 0
      while offset < mark.count, index + offset < bytes.count {
        if bytes[index + offset] != mark[offset] { return false }
        offset += 1
      }
      return true
    }
  }

  /// Whether the name at `start..<end` may be followed by another tenant than the caller's, in any syntax.
  private func isForeign(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
    guard start > 0, end < bytes.count else { return true }
    // A part of a longer word, or of a string that goes on with an escape.
    if IDAlphabet.contains(bytes[start - 1]) || IDAlphabet.contains(bytes[end]) || bytes[end] == 0x5c { return false }
    guard bytes[start - 1] == UInt8(ascii: "\""), bytes[end] == UInt8(ascii: "\"") else { return true }
    var index = end + 1
    skipSpace(bytes, &index)
    guard index < bytes.count else { return true }
    guard bytes[index] == colon else { return false }  // a string that is no name
    index += 1
    skipSpace(bytes, &index)
    guard !own.isEmpty, index + own.count + 1 < bytes.count, bytes[index] == UInt8(ascii: "\"") else { return true }
    for offset in own.indices where bytes[index + 1 + offset] != own[offset] { return true }
    return bytes[index + 1 + own.count] != UInt8(ascii: "\"")
  }

  private func skipSpace(_ bytes: Span<UInt8>, _ index: inout Int) {
    while index < bytes.count, bytes[index] <= space { index += 1 }
  }
}
