/// Bits written most significant first. The last ones wait in a word of their own: where thousands of series grow in turns,
/// most samples touch no memory but that.
struct BitWriter: Sendable {
  /// In multiples of eight bytes.
  private var written: [UInt8] = []
  private var pending: UInt64 = 0
  /// The highest bits of `pending` that are written, fewer than 64.
  private var pendingBits = 0

  var byteCount: Int { written.count + (pendingBits + 7) / 8 }

  /// The lowest `count` bits of `value`, 1 to 64.
  @inline(__always)
  mutating func write(_ value: UInt64, bits count: Int) {
    let aligned = value &<< UInt64(64 &- count)
    pending |= aligned &>> UInt64(pendingBits)
    pendingBits &+= count
    if pendingBits >= 64 { moveOn(aligned, count) }
  }

  private mutating func moveOn(_ last: UInt64, _ count: Int) {
    written.append(big64: pending)
    pendingBits -= 64
    pending = last << UInt64(count - pendingBits)
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

  /// Copies everything to `out`, which has `byteCount` bytes.
  func copy(to out: UnsafeMutableRawBufferPointer) {
    written.withUnsafeBytes { out.copyMemory(from: $0) }
    for index in written.count..<byteCount {
      out[index] = UInt8(truncatingIfNeeded: pending >> UInt64(56 - 8 * (index - written.count)))
    }
  }
}

/// Reads what `BitWriter` wrote. Past the end there are zeros, and `isPastEnd` says so: a reader looks once per sample
/// instead of once per bit. The bytes are the caller's and must outlive it.
struct BitReader {
  private let bytes: UnsafeRawBufferPointer
  /// Bits read so far.
  private var position: Int

  /// What `peek` holds at least.
  static let peekedBits = 57

  init(_ bytes: UnsafeRawBufferPointer, from byte: Int) {
    self.bytes = bytes
    position = byte * 8
  }

  var isPastEnd: Bool { position > bytes.count &* 8 }

  /// The next bits, the first of them highest.
  @inline(__always)
  func peek() -> UInt64 {
    let byte = position >> 3
    let word =
      byte &+ 8 <= bytes.count
      ? UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: byte, as: UInt64.self)) : lastBytes(from: byte)
    return word &<< UInt64(position & 7)
  }

  private func lastBytes(from byte: Int) -> UInt64 {
    var word: UInt64 = 0
    for index in byte..<byte + 8 { word = word << 8 | (index < bytes.count ? UInt64(bytes[index]) : 0) }
    return word
  }

  @inline(__always)
  mutating func skip(_ count: Int) { position &+= count }

  /// The next `count` bits, 1 to 64.
  @inline(__always)
  mutating func bits(_ count: Int) -> UInt64 {
    guard count <= Self.peekedBits else { return bits(count - 32) << 32 | bits(32) }
    defer { skip(count) }
    return peek() &>> UInt64(64 - count)
  }

  mutating func varint() -> Int64 {
    let raw = uvarint()
    return Int64(bitPattern: raw >> 1) ^ -Int64(bitPattern: raw & 1)
  }

  mutating func uvarint() -> UInt64 {
    var value: UInt64 = 0
    for shift in stride(from: 0 as UInt64, to: 64, by: 7) {
      let byte = bits(8)
      value |= (byte & 0x7f) << shift
      if byte < 0x80 { break }
    }
    return value
  }
}
