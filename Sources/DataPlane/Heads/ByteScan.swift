/// Byte classes of HTTP/1.1 (RFC 9110 §5.5–5.6, RFC 9112 §2) over bounds-checked spans.
enum ByteScan {
  /// Index of the first byte from `start` that may not stand in a field value or a request target: a control other
  /// than HTAB, or DEL. `bytes.count` if there is none.
  ///
  /// Sixty-four bytes at a time in vectors while there is none, then eight (SWAR). Loads here and below are unchecked: the
  /// loop around each has just compared its end with the span's.
  static func firstControl(in bytes: Span<UInt8>, from start: Int) -> Int {
    let raw = bytes.bytes
    var index = start
    while index + 64 <= bytes.count {
      let first = controlBlock(raw, index) .| controlBlock(raw, index + 16)
      let second = controlBlock(raw, index + 32) .| controlBlock(raw, index + 48)
      let halves = unsafeBitCast(first .| second, to: SIMD2<UInt64>.self)
      guard halves[0] | halves[1] == 0 else { break }
      index += 64
    }
    while index + 8 <= bytes.count {
      let found = controls(raw, index)
      if found != 0 {
        let candidate = index + found.trailingZeroBitCount / 8
        if bytes[candidate] != tab { return candidate }
        index = candidate + 1
      } else {
        index += 8
      }
    }
    while index < bytes.count {
      let byte = bytes[index]
      if (byte < 0x20 && byte != tab) || byte == 0x7f { return index }
      index += 1
    }
    return index
  }

  private typealias Block = SIMD16<UInt8>

  /// Which of sixteen bytes are below 0x20 or DEL. Vectors on both sides: operators that take a scalar are not specialised.
  @inline(__always)
  private static func controlBlock(_ raw: RawSpan, _ index: Int) -> SIMDMask<Block.MaskStorage> {
    let block = raw.unsafeLoadUnaligned(fromUncheckedByteOffset: index, as: Block.self)
    return (block .< Block(repeating: 0x20)) .| (block .== Block(repeating: 0x7f))
  }

  /// The top bit of the first byte among eight that is below 0x20 or DEL, and perhaps of bytes behind it.
  @inline(__always)
  private static func controls(_ raw: RawSpan, _ index: Int) -> UInt64 {
    let word = raw.unsafeLoadUnaligned(fromUncheckedByteOffset: index, as: UInt64.self)
    let below0x20 = (word &- 0x2020_2020_2020_2020) & ~word
    let xorDelete = word ^ 0x7f7f_7f7f_7f7f_7f7f
    let isDelete = (xorDelete &- 0x0101_0101_0101_0101) & ~xorDelete
    return (below0x20 | isDelete) & 0x8080_8080_8080_8080
  }

  /// Index of the first byte from `start` that ends a run of plain text in a JSON string: a quotation mark, a reverse
  /// solidus or a control (RFC 8259 §7). `bytes.count` if there is none.
  @inline(__always)
  static func stringEnd(in bytes: Span<UInt8>, from start: Int) -> Int {
    let raw = bytes.bytes
    var index = start
    while index + 8 <= bytes.count {
      let word = raw.unsafeLoadUnaligned(fromUncheckedByteOffset: index, as: UInt64.self)
      let control = (word &- 0x2020_2020_2020_2020) & ~word
      let quote = word ^ 0x2222_2222_2222_2222
      let solidus = word ^ 0x5c5c_5c5c_5c5c_5c5c
      let marks = ((quote &- 0x0101_0101_0101_0101) & ~quote) | ((solidus &- 0x0101_0101_0101_0101) & ~solidus)
      let found = (control | marks) & 0x8080_8080_8080_8080
      if found != 0 { return index + found.trailingZeroBitCount / 8 }
      index += 8
    }
    while index < bytes.count {
      let byte = bytes[index]
      if byte < 0x20 || byte == 0x22 || byte == 0x5c { return index }
      index += 1
    }
    return index
  }

  /// Index of the first `byte` from `start`; `bytes.count` if there is none.
  static func first(_ byte: UInt8, in bytes: Span<UInt8>, from start: Int) -> Int {
    let raw = bytes.bytes
    let pattern = UInt64(byte) &* 0x0101_0101_0101_0101
    var index = start
    while index + 8 <= bytes.count {
      let word = raw.unsafeLoadUnaligned(fromUncheckedByteOffset: index, as: UInt64.self) ^ pattern
      let found = (word &- 0x0101_0101_0101_0101) & ~word & 0x8080_8080_8080_8080
      if found != 0 { return index + found.trailingZeroBitCount / 8 }
      index += 8
    }
    while index < bytes.count, bytes[index] != byte { index += 1 }
    return index
  }

  /// `tchar` of RFC 9110 §5.6.2.
  static func isToken(_ byte: UInt8) -> Bool {
    let bit: UInt64 = 1 << UInt64(byte & 63)
    return switch byte >> 6 {
    case 0: 0x03ff_6cfa_0000_0000 & bit != 0
    case 1: 0x57ff_ffff_c7ff_fffe & bit != 0
    default: false
    }
  }

  /// Letters, digits and the hyphen: what every receiver reads in a field name as it is written.
  static func isPlainName(_ byte: UInt8) -> Bool {
    let bit: UInt64 = 1 << UInt64(byte & 63)
    return switch byte >> 6 {
    case 0: 0x03ff_2000_0000_0000 & bit != 0
    case 1: 0x07ff_fffe_07ff_fffe & bit != 0
    default: false
    }
  }

  /// Whether `bytes[start..<start + name.utf8CodeUnitCount]` spells `name`, which is lower-case, in any case.
  @inline(__always)
  static func matches(_ bytes: Span<UInt8>, at start: Int, _ name: StaticString) -> Bool {
    let count = name.utf8CodeUnitCount
    guard start >= 0, start + count <= bytes.count else { return false }
    let wanted = UnsafeRawPointer(name.utf8Start)
    guard count >= 8 else {
      for offset in 0..<count where lowercased(bytes[start + offset]) != name.utf8Start[offset] { return false }
      return true
    }
    // Eight at a time; the last eight overlap those before.
    let raw = bytes.bytes
    var offset = 0
    while true {
      let word = raw.unsafeLoadUnaligned(fromUncheckedByteOffset: start + offset, as: UInt64.self)
      if lowercased(word) != wanted.loadUnaligned(fromByteOffset: offset, as: UInt64.self) { return false }
      if offset == count - 8 { return true }
      offset = min(offset + 8, count - 8)
    }
  }

  /// Eight bytes, the letters A to Z among them made lower-case.
  @inline(__always)
  private static func lowercased(_ word: UInt64) -> UInt64 {
    let low = word & 0x7f7f_7f7f_7f7f_7f7f
    let pastA = low &+ 0x3f3f_3f3f_3f3f_3f3f
    let pastZ = low &+ 0x2525_2525_2525_2525
    return word | (pastA & ~pastZ & ~word & 0x8080_8080_8080_8080) >> 2
  }

  static func lowercased(_ byte: UInt8) -> UInt8 {
    byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
  }

  /// A decimal number of 1–15 digits and nothing else: no sign, no space, no list (RFC 9112 §6.3, request smuggling).
  static func decimal(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int? {
    guard (1...15).contains(range.count) else { return nil }
    var value = 0
    for index in range {
      let digit = bytes[index] &- 48
      guard digit <= 9 else { return nil }
      value = value * 10 + Int(digit)
    }
    return value
  }
}

let tab = UInt8(ascii: "\t")
let space = UInt8(ascii: " ")
let carriageReturn = UInt8(ascii: "\r")
let lineFeed = UInt8(ascii: "\n")
let colon = UInt8(ascii: ":")
let comma = UInt8(ascii: ",")
let slash = UInt8(ascii: "/")
