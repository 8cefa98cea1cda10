// public: minted once per request that brings no id of its own.

public import ControlModel

/// UUID version 7 (RFC 9562 §5.7): 48 bits of Unix milliseconds, then random bits, so that an id tells when it was made.
public enum UUIDv7 {
  public static var textBytes: Int { 36 }

  /// Appends the 36-byte text form.
  public static func append(at now: Int64, random: inout FastRandom, to bytes: inout [UInt8]) {
    let a = random.next()
    let high = UInt64(truncatingIfNeeded: now) << 16 | 0x7000 | a & 0x0fff
    let low = random.next() & 0x3fff_ffff_ffff_ffff | 0x8000_0000_0000_0000
    let (a1, a2) = Hex.digits(high)
    let (b1, b2) = Hex.digits(low)
    // Eight digits, then four times a hyphen with four, the last followed by eight more.
    withUnsafeTemporaryAllocation(byteCount: textBytes, alignment: 1) { text in
      text.storeBytes(of: a1.bigEndian, as: UInt64.self)
      text.storeBytes(of: a2.bigEndian, toByteOffset: 10, as: UInt64.self)
      text.storeBytes(of: UInt32(truncatingIfNeeded: a2 >> 32).bigEndian, toByteOffset: 9, as: UInt32.self)
      text.storeBytes(of: b1.bigEndian, toByteOffset: 20, as: UInt64.self)
      text.storeBytes(of: UInt32(truncatingIfNeeded: b1 >> 32).bigEndian, toByteOffset: 19, as: UInt32.self)
      text.storeBytes(of: b2.bigEndian, toByteOffset: 28, as: UInt64.self)
      text[8] = hyphen
      text[13] = hyphen
      text[18] = hyphen
      text[23] = hyphen
      bytes.append(contentsOf: text)
    }
  }

  public static func requestID(at now: Int64, random: inout FastRandom) -> RequestID {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(textBytes)
    append(at: now, random: &random, to: &bytes)
    return RequestID(checked: String(decoding: bytes, as: UTF8.self))
  }

  private static let hyphen = UInt8(ascii: "-")
}
