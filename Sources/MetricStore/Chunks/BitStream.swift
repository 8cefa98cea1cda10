/// Bits written most significant first.
struct BitWriter: Sendable {
  private(set) var bytes: [UInt8]
  /// Free bits in the last byte.
  private var free = 0

  init(bytes: [UInt8] = []) {
    self.bytes = bytes
  }

  mutating func write(bit: Bool) {
    if free == 0 {
      bytes.append(0)
      free = 8
    }
    free -= 1
    if bit { bytes[bytes.count - 1] |= 1 << UInt8(free) }
  }

  /// The lowest `count` bits of `value`.
  mutating func write(_ value: UInt64, bits count: Int) {
    var left = count
    while left > 0 {
      if free == 0 {
        bytes.append(0)
        free = 8
      }
      let take = min(left, free)
      let part = UInt8(truncatingIfNeeded: value >> UInt64(left - take)) & UInt8(truncatingIfNeeded: (1 << take) - 1)
      free -= take
      bytes[bytes.count - 1] |= part << UInt8(free)
      left -= take
    }
  }

  /// Zig-zag varint, as Go's encoding/binary writes it, on the bit stream.
  mutating func write(varint value: Int64) {
    write(uvarint: UInt64(bitPattern: value << 1) ^ UInt64(bitPattern: value >> 63))
  }

  mutating func write(uvarint value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      write(UInt64(UInt8(truncatingIfNeeded: rest) | 0x80), bits: 8)
      rest >>= 7
    }
    write(rest, bits: 8)
  }

  mutating func setByte(_ byte: UInt8, at index: Int) { bytes[index] = byte }
}

/// Reads what `BitWriter` wrote, eight bytes at a time. Answers nil past the end. The bytes are the caller's and must
/// outlive it.
struct BitReader {
  private let bytes: UnsafeRawBufferPointer
  /// First byte not yet in `buffer`.
  private var next: Int
  /// Its lowest `valid` bits are still to be read, the highest of them first.
  private var buffer: UInt64 = 0
  private var valid = 0

  init(_ bytes: UnsafeRawBufferPointer, from byte: Int) {
    self.bytes = bytes
    next = byte
  }

  @inline(__always)
  mutating func bit() -> Bool? {
    if valid == 0, !refill() { return nil }
    valid -= 1
    return buffer >> UInt64(valid) & 1 == 1
  }

  /// The next `count` bits, at most 64.
  @inline(__always)
  mutating func bits(_ count: Int) -> UInt64? {
    if count <= valid {
      valid -= count
      return buffer >> UInt64(valid) & mask(count)
    }
    return bitsAcrossRefill(count)
  }

  private mutating func bitsAcrossRefill(_ count: Int) -> UInt64? {
    let high = buffer & mask(valid)
    let low = count - valid
    guard refill(), low <= valid else { return nil }
    valid -= low
    let rest = buffer >> UInt64(valid) & mask(low)
    return low == 64 ? rest : high << UInt64(low) | rest
  }

  @inline(__always)
  private func mask(_ count: Int) -> UInt64 { count == 64 ? .max : 1 << UInt64(count) - 1 }

  /// Takes in the next bytes. Precondition: what was in the buffer has been read.
  private mutating func refill() -> Bool {
    if bytes.count - next >= 8 {
      buffer = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: next, as: UInt64.self))
      valid = 64
      next += 8
      return true
    }
    guard next < bytes.count else { return false }
    buffer = 0
    valid = 0
    while next < bytes.count {
      buffer = buffer << 8 | UInt64(bytes[next])
      valid += 8
      next += 1
    }
    return true
  }

  mutating func varint() -> Int64? {
    guard let raw = uvarint() else { return nil }
    return Int64(bitPattern: raw >> 1) ^ -Int64(bitPattern: raw & 1)
  }

  mutating func uvarint() -> UInt64? {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while shift < 64, let byte = bits(8) {
      value |= (byte & 0x7f) << shift
      if byte < 0x80 { return value }
      shift += 7
    }
    return nil
  }
}
