import ControlModel

/// Finds `CANARY-<tenant>-…` of another tenant in bytes that come in pieces. An operator plants such marks in each tenant's
/// data; wherever one shows up in another's answer, data has crossed.
///
/// The tenant's own mark is recognised by its whole id and the hyphen after it, so `CANARY-orchid2-…` is not orchid's.
struct CanaryScanner {
  /// The caller's tenant; empty for a caller without one, to whom every mark is another's.
  private var own: [UInt8] = []
  /// Bytes of `CANARY-` matched so far.
  private var matched = 0
  /// The id bytes after a whole `CANARY-`.
  private var run: [UInt8] = []

  static let mark: StaticString = "CANARY-"
  private static let runBytesMax = 65

  /// Whether a mark may begin anywhere in `bytes`: cheap, and rarely wrong.
  static func mayBegin(in bytes: Span<UInt8>) -> Bool {
    var index = ByteScan.first(UInt8(ascii: "C"), in: bytes, from: 0)
    while index < bytes.count {
      if index + 1 == bytes.count || bytes[index + 1] == UInt8(ascii: "A") { return true }
      index = ByteScan.first(UInt8(ascii: "C"), in: bytes, from: index + 1)
    }
    return false
  }

  /// Starts anew, for a caller of this tenant.
  mutating func begin(_ tenant: [UInt8]) {
    own = tenant
    restart()
  }

  /// Forgets what was matched, keeping the tenant.
  mutating func restart() {
    matched = 0
    run.removeAll(keepingCapacity: true)
  }

  /// Looks at more bytes. The foreign tenant's name once one is certain.
  mutating func scan(_ bytes: Span<UInt8>) -> [UInt8]? {
    var index = 0
    while index < bytes.count {
      if matched == 0 {
        index = ByteScan.first(UInt8(ascii: "C"), in: bytes, from: index)
        guard index < bytes.count else { return nil }
        matched = 1
        index += 1
      } else {
        if let found = take(bytes[index]) { return found }
        index += 1
      }
    }
    return nil
  }

  /// Looks at one more byte.
  mutating func take(_ byte: UInt8) -> [UInt8]? {
    let markBytes = Self.mark.utf8CodeUnitCount
    if matched < markBytes {
      let wanted = Self.mark.withUTF8Buffer { $0[matched] }
      // `C` stands at the beginning of the mark only, so no shorter match can be under way.
      matched = byte == wanted ? matched + 1 : byte == UInt8(ascii: "C") ? 1 : 0
      return nil
    }
    guard IDAlphabet.contains(byte), run.count < Self.runBytesMax else {
      restart()
      if byte == UInt8(ascii: "C") { matched = 1 }
      return nil
    }
    run.append(byte)
    if isOwnSoFar {
      if run.count == own.count + 1 { restart() }
      return nil
    }
    guard let hyphen = run.firstIndex(of: UInt8(ascii: "-")), hyphen > 0 else { return nil }
    let found = Array(run[..<hyphen])
    restart()
    return found
  }

  /// Whether `run` is a beginning of `own` and its hyphen.
  private var isOwnSoFar: Bool {
    guard !own.isEmpty, run.count <= own.count + 1 else { return false }
    for index in run.indices where run[index] != (index < own.count ? own[index] : UInt8(ascii: "-")) { return false }
    return true
  }
}
