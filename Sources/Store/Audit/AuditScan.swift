import Foundation

/// A leaf's members found in its bytes without decoding it, strictly in the canonical form. Verification looks at each leaf
/// once, and a JSON decoder would take ten times as long as the hashes.
struct AuditScan {
  let sequence: Int64
  /// What stands between the quotes, escaped as it is.
  let requestID: Range<Int>
  let actor: Range<Int>
  let action: Range<Int>
  let object: Range<Int>

  /// nil unless `bytes` are a leaf, byte for byte as one is written.
  init?(_ bytes: UnsafeRawBufferPointer) {
    var scan = Scanner(bytes: bytes)
    guard scan.take("{") else { return nil }
    if scan.take("\"actingAs\":") {
      guard scan.string() != nil, scan.take(",") else { return nil }
    }
    guard scan.take("\"action\":"), let action = scan.string(),
      scan.take(",\"actor\":"), let actor = scan.string(),
      scan.take(",\"after\":"), scan.string() != nil,
      scan.take(",\"at\":"), scan.string() != nil,
      scan.take(",\"before\":"), scan.string() != nil,
      scan.take(",\"object\":"), let object = scan.string(),
      scan.take(",\"reason\":"), scan.string() != nil,
      scan.take(",\"requestId\":"), let requestID = scan.string(),
      scan.take(",\"seq\":"), let sequence = scan.number(),
      scan.take(",\"summary\":"), scan.string() != nil,
      scan.take("}"), scan.position == bytes.count
    else { return nil }
    self.action = action
    self.actor = actor
    self.object = object
    self.requestID = requestID
    self.sequence = sequence
  }

  private struct Scanner {
    let bytes: UnsafeRawBufferPointer
    var position = 0

    mutating func take(_ text: StaticString) -> Bool {
      let count = text.utf8CodeUnitCount
      guard bytes.count - position >= count, let base = bytes.baseAddress,
        memcmp(base + position, text.utf8Start, count) == 0
      else { return false }
      position += count
      return true
    }

    mutating func string() -> Range<Int>? {
      guard take("\"") else { return nil }
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
