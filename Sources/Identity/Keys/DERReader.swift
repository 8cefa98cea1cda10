/// Just enough of DER (X.690) for public keys: definite lengths in their shortest form, one element after another.
struct DERReader {
  private let bytes: ArraySlice<UInt8>
  private var index: Int

  init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    self.index = bytes.startIndex
  }

  enum Tag: UInt8 {
    case integer = 0x02
    case bitString = 0x03
    case null = 0x05
    case objectIdentifier = 0x06
    case sequence = 0x30
  }

  var isAtEnd: Bool { index == bytes.endIndex }

  /// The contents of the next element; `nil` if it has another tag, runs past the end or is not DER.
  mutating func contents(_ tag: Tag) -> ArraySlice<UInt8>? {
    guard bytes.endIndex - index >= 2, bytes[index] == tag.rawValue else { return nil }
    var length = Int(bytes[index + 1])
    var start = index + 2
    if length >= 0x80 {
      let count = length & 0x7F
      guard (1...2).contains(count), bytes.endIndex - start >= count else { return nil }
      length = bytes[start..<start + count].reduce(0) { $0 << 8 | Int($1) }
      start += count
      guard length >= 0x80, count == 1 || length >= 0x100 else { return nil }
    }
    guard bytes.endIndex - start >= length else { return nil }
    index = start + length
    return bytes[start..<index]
  }

  /// A positive INTEGER as big-endian bytes without the sign byte.
  mutating func positiveInteger() -> [UInt8]? {
    guard let contents = contents(.integer), let first = contents.first, first < 0x80 else { return nil }
    return Array(contents.drop { $0 == 0 })
  }

  /// A BIT STRING of whole bytes.
  mutating func wholeBytes() -> ArraySlice<UInt8>? {
    guard let contents = contents(.bitString), contents.first == 0 else { return nil }
    return contents.dropFirst()
  }
}
