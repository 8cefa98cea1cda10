/// How a series stands in the current segment of the journal: its number there, and the last value written, which the
/// next one is told apart from. Writer and reader move it alike.
struct JournalCursor: Sendable {
  /// Segment that defines the series; 0 is none.
  private(set) var segment: UInt32 = 0
  private(set) var number = 0
  /// The last whole number written.
  private var integer: Int64 = 0
  private var bits: UInt64 = 0

  init() {}

  init(segment: UInt32, number: Int) {
    self.segment = segment
    self.number = number
  }

  /// Whole numbers up to here are written as differences; doubles hold all of them.
  private static let integerMax = 9_007_199_254_740_992.0
  private static let raw: UInt64 = 1
  private static let unchanged: UInt64 = 3

  @inline(__always)
  mutating func write(_ value: Double, to out: inout [UInt8]) {
    let new = value.bitPattern
    if value.magnitude <= Self.integerMax {
      let whole = Int64(value)
      if Double(whole).bitPattern == new {
        let delta = whole - integer
        out.append(uvarint: UInt64(bitPattern: delta << 1 ^ delta >> 63) << 1)
        integer = whole
        bits = new
        return
      }
    }
    if new == bits {
      out.append(uvarint: Self.unchanged)
    } else {
      out.append(uvarint: Self.raw)
      out.append(little64: new)
      bits = new
    }
  }

  /// The value `write` wrote, nil if the bytes are none.
  @inline(__always)
  mutating func read(_ reader: inout ByteReader) -> Double? {
    guard let token = reader.uvarint() else { return nil }
    if token & 1 == 0 {
      let zigzag = token >> 1
      let delta = Int64(bitPattern: zigzag >> 1) ^ -Int64(bitPattern: zigzag & 1)
      integer &+= delta
      let value = Double(integer)
      bits = value.bitPattern
      return value
    }
    if token == Self.raw {
      guard let raw = reader.little64() else { return nil }
      bits = raw
    } else if token != Self.unchanged {
      return nil
    }
    return Double(bitPattern: bits)
  }
}
