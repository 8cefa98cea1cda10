/// Bits written most significant first.
struct BitWriter {
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

/// Reads what `BitWriter` wrote. Answers nil past the end.
struct BitReader {
  private let bytes: [UInt8]
  private var position: Int

  init(_ bytes: [UInt8], from byte: Int) {
    self.bytes = bytes
    position = byte * 8
  }

  mutating func bit() -> Bool? {
    guard position < bytes.count * 8 else { return nil }
    defer { position += 1 }
    return bytes[position >> 3] >> UInt8(7 - position & 7) & 1 == 1
  }

  mutating func bits(_ count: Int) -> UInt64? {
    guard position + count <= bytes.count * 8 else { return nil }
    var value: UInt64 = 0
    var left = count
    while left > 0 {
      let used = position & 7
      let take = min(left, 8 - used)
      let byte = UInt64(bytes[position >> 3])
      value = value << UInt64(take) | byte >> UInt64(8 - used - take) & (1 << UInt64(take) - 1)
      position += take
      left -= take
    }
    return value
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
