// public: continued or started once per request.

/// W3C Trace Context (https://www.w3.org/TR/trace-context/ level 2): which trace a request belongs to. Never the request id.
public struct TraceContext: Hashable, Sendable {
  public let traceHigh: UInt64
  public let traceLow: UInt64
  /// The caller's span when continued, else ours.
  public let spanID: UInt64
  public let flags: UInt8

  @inlinable
  public init(traceHigh: UInt64, traceLow: UInt64, spanID: UInt64, flags: UInt8) {
    self.traceHigh = traceHigh
    self.traceLow = traceLow
    self.spanID = spanID
    self.flags = flags
  }

  /// Length of `00-<32 hex>-<16 hex>-<2 hex>`.
  public static var textBytes: Int { 55 }

  /// Reads a `traceparent` value. `nil` for anything malformed: an all-zero id, upper-case hex, version `ff`, or trailing
  /// bytes after version 00; the specification then asks for a new trace.
  public init?(traceparent bytes: UnsafeRawBufferPointer) {
    guard bytes.count >= Self.textBytes, bytes[2] == dash, bytes[35] == dash, bytes[52] == dash,
      let version = Self.hex(bytes, 0, 2), version != 0xff,
      version == 0 ? bytes.count == Self.textBytes : bytes.count == Self.textBytes || bytes[55] == dash,
      let high = Self.hex(bytes, 3, 16), let low = Self.hex(bytes, 19, 16), high != 0 || low != 0,
      let span = Self.hex(bytes, 36, 16), span != 0, let flags = Self.hex(bytes, 53, 2)
    else { return nil }
    // Only the flags of this version are passed on: sampled and random.
    self.init(traceHigh: high, traceLow: low, spanID: span, flags: UInt8(flags & 0x03))
  }

  /// Starts a trace: 48 bits of Unix milliseconds, then 80 random bits, so that an id tells when it was made.
  public static func start(at now: Int64, random: inout FastRandom) -> TraceContext {
    let high = UInt64(truncatingIfNeeded: now) << 16 | random.next() & 0xffff
    return TraceContext(traceHigh: high, traceLow: random.next(), spanID: random.next() | 1, flags: 0x03)
  }

  /// The same trace with our own span, for the call to the upstream.
  public func child(random: inout FastRandom) -> TraceContext {
    TraceContext(traceHigh: traceHigh, traceLow: traceLow, spanID: random.next() | 1, flags: flags)
  }

  /// Appends the 55-byte `traceparent` value.
  public func append(to bytes: inout [UInt8]) {
    bytes.append(contentsOf: [zero, zero, dash])
    appendTraceID(to: &bytes)
    bytes.append(dash)
    Hex.append(spanID, to: &bytes)
    bytes.append(dash)
    bytes.append(zero)
    bytes.append(zero + flags)
  }

  /// As above, into a head being written.
  public func append(to out: inout ByteWriter) {
    out.append("00-")
    out.append(hex: traceHigh)
    out.append(hex: traceLow)
    out.append(dash)
    out.append(hex: spanID)
    out.append("-0")
    out.append(zero + flags)
  }

  /// Appends the 32 hex digits of the trace id.
  public func appendTraceID(to bytes: inout [UInt8]) {
    Hex.append(traceHigh, to: &bytes)
    Hex.append(traceLow, to: &bytes)
  }

  public var traceIDText: String {
    var bytes: [UInt8] = []
    appendTraceID(to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func hex(_ bytes: UnsafeRawBufferPointer, _ from: Int, _ count: Int) -> UInt64? {
    var value: UInt64 = 0
    for byte in bytes[from..<from + count] {
      let digit: UInt8
      switch byte {
      case 48...57: digit = byte - 48
      case 97...102: digit = byte - 87
      default: return nil
      }
      value = value << 4 | UInt64(digit)
    }
    return value
  }
}

private let dash = UInt8(ascii: "-")
private let zero = UInt8(ascii: "0")

/// Lower-case hexadecimal without an intermediate string.
public enum Hex {
  public static func append(_ value: UInt64, to bytes: inout [UInt8]) {
    let (high, low) = digits(value)
    withUnsafeBytes(of: (high.bigEndian, low.bigEndian)) { bytes.append(contentsOf: $0) }
  }

  /// The digits of a word, eight to a word, the first in the most significant byte: every half byte is spread to a byte of
  /// its own and turned into its character, all at once.
  @inline(__always)
  static func digits(_ value: UInt64) -> (high: UInt64, low: UInt64) {
    (spread(value >> 32), spread(value & 0xffff_ffff))
  }

  @inline(__always)
  private static func spread(_ half: UInt64) -> UInt64 {
    var x = (half & 0xffff_0000) << 16 | half & 0xffff
    x = (x & 0x0000_ff00_0000_ff00) << 8 | x & 0x0000_00ff_0000_00ff
    x = (x & 0x00f0_00f0_00f0_00f0) << 4 | x & 0x000f_000f_000f_000f
    // 1 in every byte above 9; `a` is 39 past where `9` would lead.
    let letters = (x &+ 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101
    return x &+ 0x3030_3030_3030_3030 &+ letters &* 39
  }

  package static func text(_ bytes: some Sequence<UInt8>) -> String {
    var out: [UInt8] = []
    for byte in bytes {
      for digit in [byte >> 4, byte & 0xf] { out.append(digit < 10 ? 48 + digit : 87 + digit) }
    }
    return String(decoding: out, as: UTF8.self)
  }

  /// The bytes that `text` writes; nil unless it writes some.
  package static func bytes(_ text: String) -> [UInt8]? {
    let digits = Array(text.utf8)
    guard digits.count.isMultiple(of: 2) else { return nil }
    var bytes: [UInt8] = []
    for index in stride(from: 0, to: digits.count, by: 2) {
      guard let high = digit(digits[index]), let low = digit(digits[index + 1]) else { return nil }
      bytes.append(high << 4 | low)
    }
    return bytes
  }

  private static func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 48...57: byte - 48
    case 97...102: byte - 87
    default: nil
    }
  }
}
