import PromQL

/// Reads the samples of an XOR chunk one after the other. Ends early where bytes are not what `XORChunk` writes. The bytes
/// are the caller's and must outlive it.
struct XORDecoder {
  private var reader: BitReader
  private let count: Int
  private var read = 0
  private var time: Int64 = 0
  private var delta: Int64 = 0
  private var value: UInt64 = 0
  private var leading = 0
  private var trailing = 0

  init(_ bytes: UnsafeRawBufferPointer) {
    count = bytes.count < 2 ? 0 : Int(bytes[0]) << 8 | Int(bytes[1])
    reader = BitReader(bytes, from: 2)
  }

  /// Appends the samples within `window` of a chunk that spans `span`.
  static func load(
    _ bytes: UnsafeRawBufferPointer, _ span: ClosedRange<Int64>, _ window: ClosedRange<Int64>,
    into samples: inout SampleBuffer
  ) {
    guard span.overlaps(window) else { return }
    var decoder = XORDecoder(bytes)
    while let sample = decoder.next(), sample.timestamp <= window.upperBound {
      if sample.timestamp >= window.lowerBound { samples.append(timestamp: sample.timestamp, value: sample.value) }
    }
  }

  /// Calls `body` with every sample of a chunk.
  static func forEach(_ bytes: [UInt8], _ body: (Sample) -> Void) {
    bytes.withUnsafeBytes { bytes in
      var decoder = XORDecoder(bytes)
      while let sample = decoder.next() { body(sample) }
    }
  }

  @inline(__always)
  mutating func next() -> Sample? {
    guard read < count else { return nil }
    switch read {
    case 0:
      guard let first = reader.varint(), let bits = reader.bits(64) else { return nil }
      (time, value) = (first, bits)
    case 1:
      guard let first = reader.uvarint(), readValue() else { return nil }
      delta = Int64(bitPattern: first)
      time &+= delta
    default:
      guard let change = deltaOfDelta(), readValue() else { return nil }
      delta &+= change
      time &+= delta
    }
    read += 1
    return Sample(timestamp: time, value: Double(bitPattern: value))
  }

  @inline(__always)
  private mutating func deltaOfDelta() -> Int64? {
    guard let changes = reader.bit() else { return nil }
    return changes ? changedDelta() : 0
  }

  private mutating func changedDelta() -> Int64? {
    for size in [14, 17, 20] {
      guard let isLarger = reader.bit() else { return nil }
      if !isLarger { return signed(size) }
    }
    return reader.bits(64).map { Int64(bitPattern: $0) }
  }

  /// The upper half of the range stands for negative numbers, except its first, which is the largest positive one.
  private mutating func signed(_ bits: Int) -> Int64? {
    guard let raw = reader.bits(bits) else { return nil }
    let value = Int64(raw)
    return value > 1 << (bits - 1) ? value - 1 << bits : value
  }

  @inline(__always)
  private mutating func readValue() -> Bool {
    guard let changes = reader.bit() else { return false }
    return changes ? readChangedValue() : true
  }

  private mutating func readChangedValue() -> Bool {
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
