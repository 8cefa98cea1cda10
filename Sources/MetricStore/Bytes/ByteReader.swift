/// Reads numbers and byte strings from memory that was written elsewhere: every step is checked, and past the end or in
/// what is no number the answer is nil.
struct ByteReader {
  let bytes: UnsafeRawBufferPointer
  private(set) var position: Int
  private let end: Int

  init(_ bytes: UnsafeRawBufferPointer) {
    self.bytes = bytes
    position = 0
    end = bytes.count
  }

  /// Reads `range` of `bytes`, or nothing if it is not there.
  init(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) {
    self.bytes = bytes
    let isInside = range.lowerBound >= 0 && range.upperBound <= bytes.count
    position = isInside ? range.lowerBound : 0
    end = isInside ? range.upperBound : 0
  }

  var isAtEnd: Bool { position >= end }
  var left: Int { end - position }

  @inline(__always)
  mutating func byte() -> UInt8? {
    guard position < end else { return nil }
    defer { position += 1 }
    return bytes[position]
  }

  @inline(__always)
  mutating func uvarint() -> UInt64? {
    guard position < end else { return nil }
    let first = bytes[position]
    if first < 0x80 {
      position += 1
      return UInt64(first)
    }
    return longUvarint()
  }

  private mutating func longUvarint() -> UInt64? {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while shift < 64, position < end {
      let byte = bytes[position]
      position += 1
      value |= UInt64(byte & 0x7f) << shift
      if byte < 0x80 { return value }
      shift += 7
    }
    return nil
  }

  /// A length or count that fits what is left.
  @inline(__always)
  mutating func count() -> Int? {
    guard let value = uvarint(), value <= UInt64(left) else { return nil }
    return Int(value)
  }

  /// Zig-zag varint.
  @inline(__always)
  mutating func varint() -> Int64? {
    guard let raw = uvarint() else { return nil }
    return Int64(bitPattern: raw >> 1) ^ -Int64(bitPattern: raw & 1)
  }

  mutating func big32() -> UInt32? {
    guard left >= 4 else { return nil }
    defer { position += 4 }
    return UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt32.self))
  }

  mutating func big64() -> UInt64? {
    guard left >= 8 else { return nil }
    defer { position += 8 }
    return UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
  }

  @inline(__always)
  mutating func little64() -> UInt64? {
    guard left >= 8 else { return nil }
    defer { position += 8 }
    return UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
  }

  @inline(__always)
  mutating func take(_ count: Int) -> UnsafeRawBufferPointer? {
    guard count >= 0, count <= left else { return nil }
    defer { position += count }
    return UnsafeRawBufferPointer(rebasing: bytes[position..<position + count])
  }

  /// A byte string after its length.
  @inline(__always)
  mutating func string() -> UnsafeRawBufferPointer? {
    guard let count = count() else { return nil }
    return take(count)
  }
}
