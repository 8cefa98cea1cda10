extension [UInt8] {
  @inline(__always)
  mutating func append(uvarint value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    append(UInt8(truncatingIfNeeded: rest))
  }

  /// Zig-zag varint.
  @inline(__always)
  mutating func append(varint value: Int64) {
    append(uvarint: UInt64(bitPattern: value << 1) ^ UInt64(bitPattern: value >> 63))
  }

  mutating func append(big32 value: UInt32) { Swift.withUnsafeBytes(of: value.bigEndian) { append(contentsOf: $0) } }
  mutating func append(big64 value: UInt64) { Swift.withUnsafeBytes(of: value.bigEndian) { append(contentsOf: $0) } }

  mutating func append(little32 value: UInt32) {
    Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
  }

  mutating func append(little64 value: UInt64) {
    Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
  }

  /// A byte string after its length.
  mutating func append(string bytes: some Collection<UInt8>) {
    append(uvarint: UInt64(bytes.count))
    append(contentsOf: bytes)
  }

  /// Overwrites four bytes at `index`.
  mutating func set(little32 value: UInt32, at index: Int) {
    for shift in 0..<4 { self[index + shift] = UInt8(truncatingIfNeeded: value >> UInt32(8 * shift)) }
  }

  mutating func set(big32 value: UInt32, at index: Int) {
    for shift in 0..<4 { self[index + shift] = UInt8(truncatingIfNeeded: value >> UInt32(24 - 8 * shift)) }
  }
}
