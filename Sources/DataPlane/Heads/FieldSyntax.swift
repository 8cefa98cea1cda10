/// Small readers of field values.
enum FieldSyntax {
  /// Without leading and trailing OWS (RFC 9110 §5.6.3).
  static func trimmed(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Range<Int> {
    var low = range.lowerBound
    var high = range.upperBound
    while low < high, bytes[low] == space || bytes[low] == tab { low += 1 }
    while high > low, bytes[high - 1] == space || bytes[high - 1] == tab { high -= 1 }
    return low..<high
  }

  /// Calls `body` with each non-empty element of a comma-separated list.
  static func forEachElement(_ bytes: Span<UInt8>, _ range: Range<Int>, _ body: (Range<Int>) -> Void) {
    var start = range.lowerBound
    var index = start
    while index <= range.upperBound {
      if index == range.upperBound || bytes[index] == comma {
        let element = trimmed(bytes, start..<index)
        if !element.isEmpty { body(element) }
        start = index + 1
      }
      index += 1
    }
  }

  /// Whether the range spells the lower-case `name` in any case.
  static func equals(_ bytes: Span<UInt8>, _ range: Range<Int>, _ name: StaticString) -> Bool {
    range.count == name.utf8CodeUnitCount && ByteScan.matches(bytes, at: range.lowerBound, name)
  }

  /// Marks the fields named by `Connection` as hop-by-hop too (RFC 9110 §7.6.1). Only fields without a meaning of their
  /// own here can be given up that way: neither framing nor `Authorization` nor content metadata.
  static func dropNominated(_ fields: inout [Field], _ bytes: Span<UInt8>) {
    for connection in fields where connection.kind == .connection {
      forEachElement(bytes, connection.value) { element in
        guard !ByteScan.matches(bytes, at: element.lowerBound, "content-") else { return }
        for index in fields.indices where fields[index].kind == .other && equal(bytes, fields[index].name, element) {
          fields[index] = Field(name: fields[index].name, value: fields[index].value, kind: .keepAlive)
        }
      }
    }
  }

  /// Whether two ranges spell the same in any case.
  static func equal(_ bytes: Span<UInt8>, _ a: Range<Int>, _ b: Range<Int>) -> Bool {
    guard a.count == b.count else { return false }
    for offset in 0..<a.count
    where ByteScan.lowercased(bytes[a.lowerBound + offset]) != ByteScan.lowercased(bytes[b.lowerBound + offset]) {
      return false
    }
    return true
  }
}

/// `host [ ":" port ]` without user information: letters, digits, `.`, `-`, `_`, or an IPv6 literal in brackets.
enum HostSyntax {
  static func isAllowed(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"), colon,
      UInt8(ascii: "["), UInt8(ascii: "]"):
      true
    default: false
    }
  }

  static func isValid(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
    guard (1...255).contains(range.count) else { return false }
    var index = range.lowerBound
    if bytes[index] == UInt8(ascii: "[") {
      index += 1
      let start = index
      while index < range.upperBound, isHexOrColon(bytes[index]) { index += 1 }
      guard index > start, index < range.upperBound, bytes[index] == UInt8(ascii: "]") else { return false }
      index += 1
    } else {
      while index < range.upperBound, isAllowed(bytes[index]), bytes[index] != colon, bytes[index] != UInt8(ascii: "["),
        bytes[index] != UInt8(ascii: "]")
      {
        index += 1
      }
      guard index > range.lowerBound else { return false }
    }
    guard index < range.upperBound else { return true }
    guard bytes[index] == colon, let port = ByteScan.decimal(bytes, (index + 1)..<range.upperBound) else {
      return false
    }
    return (1...65_535).contains(port)
  }

  private static func isHexOrColon(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
      UInt8(ascii: "A")...UInt8(ascii: "F"), colon, UInt8(ascii: "."):
      true
    default: false
    }
  }
}

/// Checks a request target so that the string routes are matched against is the string the upstream reads.
enum TargetSyntax {
  /// The path part of an origin-form target. Refuses what implementations normalise differently: `//`, dot segments,
  /// encoded dots, slashes and backslashes, NUL, `;` parameters, and bytes outside RFC 3986.
  static func path(_ bytes: Span<UInt8>, _ target: Range<Int>) throws(HeadProblem) -> Range<Int> {
    var index = target.lowerBound
    var segmentStart = index + 1
    while index < target.upperBound {
      let byte = bytes[index]
      switch byte {
      case slash:
        if index > target.lowerBound {
          try segment(bytes, segmentStart..<index, isLast: false)
          segmentStart = index + 1
        }
      case UInt8(ascii: "?"):
        try segment(bytes, segmentStart..<index, isLast: true)
        try query(bytes, (index + 1)..<target.upperBound)
        return target.lowerBound..<index
      case UInt8(ascii: "%"): try encoded(bytes, index, target.upperBound)
      case UInt8(ascii: ";"), UInt8(ascii: "\\"): throw .pathConfusion
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "~"), UInt8(ascii: "!"), UInt8(ascii: "$"), UInt8(ascii: "&"), UInt8(ascii: "'"),
        UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "*"), UInt8(ascii: "+"), comma, UInt8(ascii: "="), colon,
        UInt8(ascii: "@"):
        break
      default: throw .target
      }
      index += 1
    }
    try segment(bytes, segmentStart..<index, isLast: true)
    return target
  }

  /// An empty segment is allowed only at the end (a trailing slash); `.` and `..` never are.
  private static func segment(_ bytes: Span<UInt8>, _ range: Range<Int>, isLast: Bool) throws(HeadProblem) {
    switch range.count {
    case 0: if !isLast { throw .pathConfusion }
    case 1: if bytes[range.lowerBound] == UInt8(ascii: ".") { throw .pathConfusion }
    case 2:
      if bytes[range.lowerBound] == UInt8(ascii: "."), bytes[range.lowerBound + 1] == UInt8(ascii: ".") {
        throw .pathConfusion
      }
    default: break
    }
  }

  private static func encoded(_ bytes: Span<UInt8>, _ index: Int, _ end: Int) throws(HeadProblem) {
    guard index + 2 < end, let high = hexDigit(bytes[index + 1]), let low = hexDigit(bytes[index + 2]) else {
      throw .target
    }
    switch high << 4 | low {
    case 0x00...0x1f, 0x7f, UInt8(ascii: "."), slash, UInt8(ascii: "\\"), UInt8(ascii: ";"): throw .pathConfusion
    default: break
    }
  }

  /// Visible ASCII without a fragment.
  private static func query(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(HeadProblem) {
    for index in range where bytes[index] < 0x21 || bytes[index] > 0x7e || bytes[index] == UInt8(ascii: "#") {
      throw .target
    }
  }

  static func hexDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - 48
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - 87
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - 55
    default: nil
    }
  }
}
