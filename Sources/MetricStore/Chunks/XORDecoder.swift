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
  /// Where the bits that changed stand in a value.
  private var significant = 64
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
    samples.append(upTo: decoder.count) { times, values in
      guard let times = times.baseAddress, let values = values.baseAddress else { return 0 }
      var kept = 0
      while let sample = decoder.next(), sample.timestamp <= window.upperBound {
        // Written in any case, kept if it counts: no branch to guess.
        times[kept] = sample.timestamp
        values[kept] = sample.value
        kept &+= sample.timestamp >= window.lowerBound ? 1 : 0
      }
      return kept
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
    if read > 1 {
      var word = reader.peek()
      if word >> 63 == 0 {
        reader.skip(1)
        word <<= 1
      } else {
        delta &+= changedDelta(word)
        word = reader.peek()
      }
      time &+= delta
      guard readValue(word) else { return nil }
    } else {
      guard readFirst() else { return nil }
    }
    guard !reader.isPastEnd else { return nil }
    read &+= 1
    return Sample(timestamp: time, value: Double(bitPattern: value))
  }

  /// The first two samples, which are written in other ways.
  private mutating func readFirst() -> Bool {
    if read == 0 {
      time = reader.varint()
      value = reader.bits(64)
      return true
    }
    delta = Int64(bitPattern: reader.uvarint())
    time &+= delta
    return readValue(reader.peek())
  }

  /// By how much the step changes. Precondition: `word` is what comes next, and begins with a one.
  private mutating func changedDelta(_ word: UInt64) -> Int64 {
    switch (~word).leadingZeroBitCount {
    case 1: return signed(skipping: 2, 14)
    case 2: return signed(skipping: 3, 17)
    case 3: return signed(skipping: 4, 20)
    default:
      reader.skip(4)
      return Int64(bitPattern: reader.bits(64))
    }
  }

  /// The upper half of the range stands for negative numbers, except its first, which is the largest positive one.
  private mutating func signed(skipping prefix: Int, _ bits: Int) -> Int64 {
    reader.skip(prefix)
    let value = Int64(reader.bits(bits))
    return value > 1 << (bits - 1) ? value - 1 << bits : value
  }

  /// - Parameter word: what comes next, 56 bits of it at least.
  @inline(__always)
  private mutating func readValue(_ word: UInt64) -> Bool {
    if word >> 63 == 0 {
      reader.skip(1)
      return true
    }
    var prefix = 2
    if word >> 62 == 3 {
      prefix = 13
      let size = Int(word &>> 51 & 63)
      significant = size == 0 ? 64 : size
      trailing = 64 &- Int(word &>> 57 & 31) &- significant
      guard trailing >= 0 else { return false }
    }
    let bits: UInt64
    if prefix &+ significant < BitReader.peekedBits {
      bits = (word &<< UInt64(prefix)) &>> UInt64(64 &- significant)
      reader.skip(prefix &+ significant)
    } else {
      reader.skip(prefix)
      bits = reader.bits(significant)
    }
    value ^= bits &<< UInt64(trailing)
    return true
  }
}
