/// A leaf's members found in its bytes without decoding it, strictly in the canonical form. Verification looks at each leaf
/// once, and a JSON decoder would take ten times as long as the hashes.
struct AuditScan {
  let sequence: Int64
  /// What stands between the quotes, escaped as it is.
  let requestID: Range<Int>
  let actor: Range<Int>
  let action: Range<Int>
  let object: Range<Int>

  private static let names = [
    "action", "actor", "after", "at", "before", "object", "reason", "requestId", "seq", "summary",
  ].map { Array("\"\($0)\":".utf8) }
  private static let optional = Array("\"actingAs\":".utf8)

  /// nil unless `bytes` are a leaf, byte for byte as one is written.
  init?(_ bytes: [UInt8]) {
    var scan = Scanner(bytes: bytes)
    guard scan.take(UInt8(ascii: "{")) else { return nil }
    if scan.take(Self.optional) {
      guard scan.string() != nil, scan.take(UInt8(ascii: ",")) else { return nil }
    }
    var found: [Range<Int>] = []
    found.reserveCapacity(Self.names.count)
    var sequence: Int64?
    for (index, name) in Self.names.enumerated() {
      if index > 0, !scan.take(UInt8(ascii: ",")) { return nil }
      guard scan.take(name) else { return nil }
      if index == 8 {
        guard let number = scan.number() else { return nil }
        sequence = number
        found.append(0..<0)
      } else {
        guard let range = scan.string() else { return nil }
        found.append(range)
      }
    }
    guard let sequence, scan.take(UInt8(ascii: "}")), scan.position == bytes.count else { return nil }
    self.sequence = sequence
    action = found[0]
    actor = found[1]
    object = found[5]
    requestID = found[7]
  }

  private struct Scanner {
    let bytes: [UInt8]
    var position = 0

    mutating func take(_ byte: UInt8) -> Bool {
      guard position < bytes.count, bytes[position] == byte else { return false }
      position += 1
      return true
    }

    mutating func take(_ name: [UInt8]) -> Bool {
      let end = position + name.count
      guard end <= bytes.count else { return false }
      for index in 0..<name.count where bytes[position + index] != name[index] { return false }
      position = end
      return true
    }

    mutating func string() -> Range<Int>? {
      guard take(UInt8(ascii: "\"")) else { return nil }
      let start = position
      while position < bytes.count {
        switch bytes[position] {
        case UInt8(ascii: "\""):
          defer { position += 1 }
          return start..<position
        case UInt8(ascii: "\\"): position += 2
        default: position += 1
        }
      }
      return nil
    }

    /// Digits without a leading zero, at most eighteen.
    mutating func number() -> Int64? {
      let start = position
      var value: Int64 = 0
      while position < bytes.count, (48...57).contains(bytes[position]), position - start < 18 {
        value = value * 10 + Int64(bytes[position] - 48)
        position += 1
      }
      guard position > start, bytes[start] != 48 || position == start + 1 else { return nil }
      return value
    }
  }
}
