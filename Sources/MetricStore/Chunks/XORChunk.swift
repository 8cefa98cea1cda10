import PromQL

/// The chunk of a series that is being filled, encoded exactly as Prometheus' XOR chunks (tsdb/docs/format/chunks.md;
/// Gorilla, VLDB 2015): a steady sample of an unchanged value takes two bits.
struct XORChunk: Sendable {
  /// Two bytes of sample count, big endian, then the bit stream.
  var bytes: [UInt8] { writer.bytes }
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

  private var writer = BitWriter(bytes: [0, 0])
  private var lastDelta: Int64 = 0
  private var lastValue: UInt64 = 0
  private var leading: UInt8 = 0xff
  private var trailing: UInt8 = 0

  var isFull: Bool {
    count >= Self.samplesEnough && (writer.bytes.count >= Self.bytesEnough || count >= Self.samplesMax)
  }

  /// The chunk as it is kept once full, without the memory it grew by.
  var closed: ClosedChunk {
    ClosedChunk(
      bytes: writer.bytes.withUnsafeBufferPointer { Array($0) }, firstTime: firstTime, lastTime: lastTime)
  }

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
    writer.setByte(UInt8(truncatingIfNeeded: count >> 8), at: 0)
    writer.setByte(UInt8(truncatingIfNeeded: count), at: 1)
  }

  private mutating func write(deltaOfDelta value: Int64) {
    let raw = UInt64(bitPattern: value)
    switch value {
    case 0: writer.write(bit: false)
    case -8191...8192:
      writer.write(0b10, bits: 2)
      writer.write(raw, bits: 14)
    case -65535...65536:
      writer.write(0b110, bits: 3)
      writer.write(raw, bits: 17)
    case -524_287...524_288:
      writer.write(0b1110, bits: 4)
      writer.write(raw, bits: 20)
    default:
      writer.write(0b1111, bits: 4)
      writer.write(raw, bits: 64)
    }
  }

  private mutating func write(_ value: UInt64) {
    let xor = value ^ lastValue
    guard xor != 0 else { return writer.write(bit: false) }
    writer.write(bit: true)
    let newLeading = min(UInt8(xor.leadingZeroBitCount), 31)
    let newTrailing = UInt8(xor.trailingZeroBitCount)
    if leading != 0xff, newLeading >= leading, newTrailing >= trailing {
      writer.write(bit: false)
      writer.write(xor >> UInt64(trailing), bits: 64 - Int(leading) - Int(trailing))
      return
    }
    (leading, trailing) = (newLeading, newTrailing)
    writer.write(bit: true)
    writer.write(UInt64(leading), bits: 5)
    let significant = 64 - Int(leading) - Int(trailing)
    writer.write(UInt64(significant & 63), bits: 6)
    writer.write(xor >> UInt64(trailing), bits: significant)
  }

  /// Appends the samples within `window` to `samples`.
  func load(_ window: ClosedRange<Int64>, into samples: inout SampleBuffer) {
    bytes.withUnsafeBytes { XORDecoder.load($0, firstTime...lastTime, window, into: &samples) }
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
