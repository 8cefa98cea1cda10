import PromQL

/// Samples of one series, compressed as in Prometheus' XOR chunks (tsdb/docs/format/chunks.md; Gorilla, VLDB 2015):
/// a steady sample of an unchanged value takes two bits.
struct XORChunk: Sendable {
  /// Two bytes of sample count, big endian, then the bit stream.
  var bytes: [UInt8] { writer.bytes }
  private(set) var count = 0
  private(set) var firstTime: Int64 = 0
  private(set) var lastTime: Int64 = 0
  private(set) var lastValue = 0.0

  /// Samples of a full chunk, as Prometheus cuts them.
  static let samplesMax = 120

  private var writer: BitWriter
  private var lastDelta: Int64 = 0
  private var leading: UInt8 = 0xff
  private var trailing: UInt8 = 0

  init() {
    writer = BitWriter(bytes: [0, 0])
  }

  var isFull: Bool { count >= Self.samplesMax }

  /// Adds a sample. Precondition: it is later than the last one.
  mutating func append(_ time: Int64, _ value: Double) {
    precondition(count == 0 || time > lastTime, "samples of a chunk are in order of time")
    switch count {
    case 0:
      writer.write(varint: time)
      writer.write(value.bitPattern, bits: 64)
      firstTime = time
    case 1:
      let delta = time - lastTime
      writer.write(uvarint: UInt64(delta))
      write(value)
      lastDelta = delta
    default:
      let delta = time - lastTime
      write(deltaOfDelta: delta - lastDelta)
      write(value)
      lastDelta = delta
    }
    count += 1
    lastTime = time
    lastValue = value
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

  private mutating func write(_ value: Double) {
    let xor = value.bitPattern ^ lastValue.bitPattern
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

  /// Appends the samples within `window` to `samples`. A chunk of our own making always decodes; one that does not ends early.
  func load(_ window: ClosedRange<Int64>, into samples: inout SampleBuffer) {
    guard count > 0, lastTime >= window.lowerBound, firstTime <= window.upperBound else { return }
    var decoder = Decoder(bytes, count: count)
    while let (time, value) = decoder.next(), time <= window.upperBound {
      if time >= window.lowerBound { samples.append(timestamp: time, value: value) }
    }
  }

  private struct Decoder {
    private var reader: BitReader
    private let count: Int
    private var read = 0
    private var time: Int64 = 0
    private var delta: Int64 = 0
    private var value: UInt64 = 0
    private var leading = 0
    private var trailing = 0

    init(_ bytes: [UInt8], count: Int) {
      reader = BitReader(bytes, from: 2)
      self.count = count
    }

    mutating func next() -> (Int64, Double)? {
      guard read < count else { return nil }
      defer { read += 1 }
      switch read {
      case 0:
        guard let first = reader.varint(), let bits = reader.bits(64) else { return nil }
        (time, value) = (first, bits)
      case 1:
        guard let first = reader.uvarint() else { return nil }
        delta = Int64(bitPattern: first)
        time += delta
        guard readValue() else { return nil }
      default:
        guard let change = deltaOfDelta() else { return nil }
        delta += change
        time += delta
        guard readValue() else { return nil }
      }
      return (time, Double(bitPattern: value))
    }

    private mutating func deltaOfDelta() -> Int64? {
      var ones = 0
      while ones < 4, let bit = reader.bit() {
        if !bit { break }
        ones += 1
      }
      switch ones {
      case 0: return 0
      case 1: return signed(14)
      case 2: return signed(17)
      case 3: return signed(20)
      default: return reader.bits(64).map { Int64(bitPattern: $0) }
      }
    }

    /// The upper half of the range stands for negative numbers, except its first, which is the largest positive one.
    private mutating func signed(_ bits: Int) -> Int64? {
      guard let raw = reader.bits(bits) else { return nil }
      let value = Int64(raw)
      return value > 1 << (bits - 1) ? value - 1 << bits : value
    }

    private mutating func readValue() -> Bool {
      guard let changes = reader.bit() else { return false }
      guard changes else { return true }
      guard let isNew = reader.bit() else { return false }
      if isNew {
        guard let lead = reader.bits(5), let size = reader.bits(6) else { return false }
        let significant = size == 0 ? 64 : Int(size)
        leading = Int(lead)
        trailing = 64 - leading - significant
        guard trailing >= 0 else { return false }
      }
      guard let bits = reader.bits(64 - leading - trailing) else { return false }
      value ^= bits << UInt64(trailing)
      return true
    }
  }
}
