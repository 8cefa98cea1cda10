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
    var shift: UInt64 = 64
    while shift > 0 {
      shift -= 4
      append(high >> shift, to: &bytes)
      if shift == 32 || shift == 16 { bytes.append(UInt8(ascii: "-")) }
    }
    bytes.append(UInt8(ascii: "-"))
    shift = 64
    while shift > 0 {
      shift -= 4
      append(low >> shift, to: &bytes)
      if shift == 48 { bytes.append(UInt8(ascii: "-")) }
    }
  }

  public static func requestID(at now: Int64, random: inout FastRandom) -> RequestID {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(textBytes)
    append(at: now, random: &random, to: &bytes)
    return RequestID(checked: String(decoding: bytes, as: UTF8.self))
  }

  private static func append(_ nibble: UInt64, to bytes: inout [UInt8]) {
    let digit = UInt8(truncatingIfNeeded: nibble & 0xf)
    bytes.append(digit < 10 ? 48 + digit : 87 + digit)
  }
}
