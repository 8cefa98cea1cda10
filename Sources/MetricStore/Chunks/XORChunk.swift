import PromQL

/// The chunk of a series that is being filled, encoded exactly as Prometheus' XOR chunks (tsdb/docs/format/chunks.md;
/// Gorilla, VLDB 2015): a steady sample of an unchanged value takes two bits.
struct XORChunk: Sendable {
  private(set) var count = 0
  private(set) var firstTime: Int64 = 0
  private(set) var lastTime: Int64 = 0
  /// Samples from this time on are another block's.
  var end = Int64.max

  /// A chunk is full with this many samples, as Prometheus cuts them, unless they take so little room that
  /// the chunk's own cost would be most of it: then it goes on to `bytesEnough` or `samplesMax`.
  static let samplesEnough = 120
  static let bytesEnough = 160
  static let samplesMax = 960

  private var writer = BitWriter()
  private var lastDelta: Int64 = 0
  private var lastValue: UInt64 = 0
  private var leading: UInt8 = 0xff
  private var trailing: UInt8 = 0

  var isFull: Bool {
    count >= Self.samplesEnough && (byteCount >= Self.bytesEnough || count >= Self.samplesMax)
  }

  var byteCount: Int { 2 + writer.byteCount }

  /// Two bytes of sample count, big endian, then the bit stream.
  var bytes: [UInt8] {
    [UInt8](unsafeUninitializedCapacity: byteCount) { bytes, filled in
      copy(to: UnsafeMutableRawBufferPointer(bytes))
      filled = byteCount
    }
  }

  private func copy(to out: UnsafeMutableRawBufferPointer) {
    out[0] = UInt8(truncatingIfNeeded: count >> 8)
    out[1] = UInt8(truncatingIfNeeded: count)
    writer.copy(to: UnsafeMutableRawBufferPointer(rebasing: out[2..<byteCount]))
  }

  /// The chunk as it is kept once full.
  var closed: ClosedChunk { ClosedChunk(bytes: bytes, firstTime: firstTime, lastTime: lastTime) }

  /// Adds a sample. Precondition: it is later than the last one.
  ///
  /// Differences wrap around, so that no pair of times is too far apart: adding them up again wraps back.
  mutating func append(_ time: Int64, _ value: Double) {
    precondition(count == 0 || time > lastTime, "samples of a chunk are in order of time")
    let delta = time &- lastTime
    switch count {
    case 0:
      writer.write(varint: time)
      writer.write(value.bitPattern, bits: 64)
      firstTime = time
    case 1:
      writer.write(uvarint: UInt64(bitPattern: delta))
      write(value.bitPattern)
      lastDelta = delta
    default:
      write(deltaOfDelta: delta &- lastDelta)
      write(value.bitPattern)
      lastDelta = delta
    }
    count += 1
    lastTime = time
    lastValue = value.bitPattern
  }

  private mutating func write(deltaOfDelta value: Int64) {
    let raw = UInt64(bitPattern: value)
    switch value {
    case 0: writer.write(0, bits: 1)
    case -8191...8192: writer.write(0b10 << 14 | raw & 0x3fff, bits: 16)
    case -65535...65536: writer.write(0b110 << 17 | raw & 0x1_ffff, bits: 20)
    case -524_287...524_288: writer.write(0b1110 << 20 | raw & 0xf_ffff, bits: 24)
    default:
      writer.write(0b1111, bits: 4)
      writer.write(raw, bits: 64)
    }
  }

  private mutating func write(_ value: UInt64) {
    let xor = value ^ lastValue
    guard xor != 0 else { return writer.write(0, bits: 1) }
    let newLeading = min(UInt8(xor.leadingZeroBitCount), 31)
    let newTrailing = UInt8(xor.trailingZeroBitCount)
    if leading != 0xff, newLeading >= leading, newTrailing >= trailing {
      writer.write(0b10, bits: 2)
    } else {
      (leading, trailing) = (newLeading, newTrailing)
      let significant = 64 - Int(leading) - Int(trailing)
      writer.write(0b11 << 11 | UInt64(leading) << 6 | UInt64(significant & 63), bits: 13)
    }
    writer.write(xor >> UInt64(trailing), bits: 64 - Int(leading) - Int(trailing))
  }

  /// Appends the samples within `window` to `samples`.
  func load(_ window: ClosedRange<Int64>, into samples: inout SampleBuffer) {
    guard (firstTime...lastTime).overlaps(window) else { return }
    withUnsafeTemporaryAllocation(byteCount: byteCount, alignment: 1) { bytes in
      copy(to: bytes)
      XORDecoder.load(UnsafeRawBufferPointer(bytes), firstTime...lastTime, window, into: &samples)
    }
  }
}

/// A full chunk.
struct ClosedChunk: Sendable {
  let bytes: [UInt8]
  let firstTime: Int64
  let lastTime: Int64

  var sampleCount: Int { Int(bytes[0]) << 8 | Int(bytes[1]) }

  /// Appends the samples within `window` to `samples`.
  func load(_ window: ClosedRange<Int64>, into samples: inout SampleBuffer) {
    bytes.withUnsafeBytes { XORDecoder.load($0, firstTime...lastTime, window, into: &samples) }
  }
}
