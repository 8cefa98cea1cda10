import ControlModel

/// The bytes of a control journal: `BWJOUR01`, then records of
/// length ‖ CRC-32C of those four bytes ‖ CRC-32C of the payload ‖ payload, numbers in four bytes, big endian.
///
/// The length has a checksum of its own so that damage is told from a crash: a record that a crash cut short has a sound
/// head and too few bytes, or no whole head. Anything else that does not add up was written whole once, and somebody may
/// have been told about it.
enum JournalRecord {
  static let magic = Array("BWJOUR01".utf8)
  private static let headBytes = 12
  /// Longest payload: a reason of `Control.reasonBytesMax`, every byte escaped, with room for the names.
  static let payloadBytesMax = 16 * 1024

  /// Throws `unavailable` for a control whose form is longer than a record may be.
  static func encode(_ control: Control) throws(StoreFailure) -> [UInt8] {
    let payload = StoredControl(control).canonicalJSON
    guard payload.count <= payloadBytesMax else {
      throw StoreFailure(.unavailable, "Control \(control.id) does not fit a journal record.")
    }
    let length = bigEndian(UInt32(payload.count))
    return length + bigEndian(CRC32C.of(length)) + bigEndian(CRC32C.of(payload)) + payload
  }

  /// The stops in `bytes`, and how many bytes from the start are sound. What a crash left unfinished at the end is not;
  /// any other damage throws `corrupt`.
  static func decode(_ bytes: [UInt8], _ path: String) throws(StoreFailure) -> (stops: [Control], sound: Int) {
    guard bytes.prefix(magic.count).elementsEqual(magic.prefix(bytes.count)) else {
      throw StoreFailure(
        .corrupt,
        "The file \(path) is not a control journal. Nothing was changed; move it away after checking the store.")
    }
    guard bytes.count >= magic.count else { return ([], 0) }
    var stops: [Control] = []
    var position = magic.count
    while bytes.count - position >= headBytes {
      let damage = StoreFailure(
        .corrupt,
        "The control journal \(path) is damaged at byte \(position). Nothing was changed and nothing trades; restore the file, or move it away after checking which stops must be repeated."
      )
      let length = bytes[position..<position + 4]
      guard CRC32C.of(Array(length)) == word(bytes, position + 4) else {
        // A file system may have grown the file before the crash without writing into it.
        if bytes[position...].allSatisfy({ $0 == 0 }) { break }
        throw damage
      }
      let start = position + headBytes
      let end = start + Int(word(bytes, position))
      guard end <= bytes.count else { break }
      let payload = Array(bytes[start..<end])
      guard CRC32C.of(payload) == word(bytes, position + 8), let control = StoredControl.decode(payload) else {
        throw damage
      }
      stops.append(control)
      position = end
    }
    return (stops, position)
  }

  private static func word(_ bytes: [UInt8], _ at: Int) -> UInt32 {
    bytes[at..<at + 4].reduce(0) { $0 << 8 | UInt32($1) }
  }

  private static func bigEndian(_ value: UInt32) -> [UInt8] {
    [UInt8(value >> 24), UInt8(value >> 16 & 0xff), UInt8(value >> 8 & 0xff), UInt8(value & 0xff)]
  }
}

/// CRC-32C (Castagnoli, RFC 3720 appendix B.4), bitwise: journal records are rare and short.
enum CRC32C {
  static func of(_ bytes: [UInt8]) -> UInt32 {
    var crc: UInt32 = 0xffff_ffff
    for byte in bytes {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0x82f6_3b78 : crc >> 1 }
    }
    return ~crc
  }
}
