/// Comparing and unescaping the strings of a scanned document.
enum JSONNames {
  /// Objects up to this many members are compared pairwise; past it names are sorted, so that a hostile document of n
  /// names costs n·log n.
  private static let pairwiseMax = 16

  static func refuseDuplicates(
    of object: Int, count: Int, in nodes: [JSONNode], _ bytes: Span<UInt8>
  ) throws(StrictJSON.Problem) {
    guard count > 1 else { return }
    if count > pairwiseMax { return try refuseDuplicatesBySorting(object, in: nodes, bytes) }
    let end = Int(nodes[object].next)
    var later = object + 1
    while later < end {
      var earlier = object + 1
      while earlier < later {
        if areSame(nodes[earlier], nodes[later], bytes) {
          throw .init(kind: .duplicateName, offset: Int(nodes[later].start))
        }
        earlier = Int(nodes[earlier + 1].next)
      }
      later = Int(nodes[later + 1].next)
    }
  }

  private static func refuseDuplicatesBySorting(
    _ object: Int, in nodes: [JSONNode], _ bytes: Span<UInt8>
  ) throws(StrictJSON.Problem) {
    var names: [(text: [UInt8], offset: UInt32)] = []
    var index = object + 1
    while index < Int(nodes[object].next) {
      names.append((unescaped(nodes[index], bytes), nodes[index].start))
      index = Int(nodes[index + 1].next)
    }
    names.sort { $0.text.lexicographicallyPrecedes($1.text) }
    for index in 1..<names.count where names[index - 1].text == names[index].text {
      throw .init(kind: .duplicateName, offset: Int(max(names[index - 1].offset, names[index].offset)))
    }
  }

  private static func areSame(_ a: JSONNode, _ b: JSONNode, _ bytes: Span<UInt8>) -> Bool {
    if a.hasEscapes || b.hasEscapes { return unescaped(a, bytes) == unescaped(b, bytes) }
    guard a.end - a.start == b.end - b.start else { return false }
    for offset in 0..<Int(a.end - a.start) where bytes[Int(a.start) + offset] != bytes[Int(b.start) + offset] {
      return false
    }
    return true
  }

  /// The text of a string or name as UTF-8. The scanner has checked every escape, so nothing here can fail.
  static func unescaped(_ node: JSONNode, _ bytes: Span<UInt8>) -> [UInt8] {
    var text: [UInt8] = []
    text.reserveCapacity(Int(node.end - node.start))
    var index = Int(node.start)
    while index < Int(node.end) {
      let byte = bytes[index]
      guard byte == UInt8(ascii: "\\") else {
        text.append(byte)
        index += 1
        continue
      }
      switch bytes[index + 1] {
      case UInt8(ascii: "b"): text.append(0x08)
      case UInt8(ascii: "f"): text.append(0x0C)
      case UInt8(ascii: "n"): text.append(0x0A)
      case UInt8(ascii: "r"): text.append(0x0D)
      case UInt8(ascii: "t"): text.append(0x09)
      case UInt8(ascii: "u"):
        index += appendUnicode(bytes, at: index, to: &text)
        continue
      case let other: text.append(other)
      }
      index += 2
    }
    return text
  }

  /// Appends the scalar written at `index` as `\uXXXX` or a surrogate pair of them; returns the bytes consumed.
  private static func appendUnicode(_ bytes: Span<UInt8>, at index: Int, to text: inout [UInt8]) -> Int {
    var code = UInt32(hexadecimalUnit(bytes, at: index + 2) ?? 0)
    var consumed = 6
    if (0xD800..<0xDC00).contains(code) {
      let low = UInt32(hexadecimalUnit(bytes, at: index + 8) ?? 0)
      code = 0x10000 + (code - 0xD800) << 10 + (low &- 0xDC00)
      consumed = 12
    }
    if let scalar = Unicode.Scalar(code) {
      text.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
    }
    return consumed
  }

  static func hexadecimalUnit(_ bytes: Span<UInt8>, at index: Int) -> UInt16? {
    guard index + 4 <= bytes.count else { return nil }
    var unit: UInt16 = 0
    for offset in 0..<4 {
      let digit: UInt8
      switch bytes[index + offset] {
      case let byte where byte &- UInt8(ascii: "0") < 10: digit = byte - UInt8(ascii: "0")
      case let byte where (byte | 0x20) &- UInt8(ascii: "a") < 6: digit = (byte | 0x20) - UInt8(ascii: "a") + 10
      default: return nil
      }
      unit = unit << 4 | UInt16(digit)
    }
    return unit
  }
}
