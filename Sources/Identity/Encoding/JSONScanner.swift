/// One value, or one member's name, of a scanned document: where it is, not what it says.
struct JSONNode: Sendable {
  enum Kind: UInt8, Sendable { case null, false_, true_, number, string, name, array, object }
  var kind: Kind
  /// The string or name holds at least one backslash.
  var hasEscapes = false
  /// Byte range; inside the quotes for strings and names.
  var start: UInt32
  var end: UInt32
  /// Index of the node after this one and everything inside it.
  var next: UInt32
}

/// Recursive descent over RFC 8259 that leaves a flat list of nodes in document order. Depth is bounded by the limits,
/// so the stack is too.
struct JSONScanner {
  private(set) var nodes: [JSONNode] = []
  private let limits: StrictJSON.Limits
  private var index = 0

  init(_ limits: StrictJSON.Limits) {
    self.limits = limits
  }

  mutating func scan(_ bytes: Span<UInt8>) throws(StrictJSON.Problem) {
    guard bytes.count <= limits.bytesMax else { throw .init(kind: .tooLarge, offset: limits.bytesMax) }
    if bytes.count >= 3, bytes[0] == 0xEF, bytes[1] == 0xBB, bytes[2] == 0xBF {
      throw .init(kind: .byteOrderMark, offset: 0)
    }
    nodes.reserveCapacity(min(limits.nodesMax, 32))
    skipSpace(bytes)
    try value(bytes, depth: 0)
    skipSpace(bytes)
    guard index == bytes.count else { throw problem(.syntax) }
  }

  private func problem(_ kind: StrictJSON.Problem.Kind) -> StrictJSON.Problem {
    .init(kind: kind, offset: index)
  }

  private mutating func skipSpace(_ bytes: Span<UInt8>) {
    while index < bytes.count {
      switch bytes[index] {
      case 0x20, 0x09, 0x0A, 0x0D: index += 1
      default: return
      }
    }
  }

  private mutating func append(_ kind: JSONNode.Kind) throws(StrictJSON.Problem) -> Int {
    guard nodes.count < limits.nodesMax else { throw problem(.tooLarge) }
    nodes.append(JSONNode(kind: kind, start: UInt32(index), end: UInt32(index), next: 0))
    return nodes.count - 1
  }

  private mutating func close(_ node: Int, end: Int) {
    nodes[node].end = UInt32(end)
    nodes[node].next = UInt32(nodes.count)
  }

  private mutating func value(_ bytes: Span<UInt8>, depth: Int) throws(StrictJSON.Problem) {
    guard index < bytes.count else { throw problem(.syntax) }
    switch bytes[index] {
    case UInt8(ascii: "\""): try string(bytes, as: .string)
    case UInt8(ascii: "{"): try object(bytes, depth: depth + 1)
    case UInt8(ascii: "["): try array(bytes, depth: depth + 1)
    case UInt8(ascii: "t"): try literal(bytes, "true", .true_)
    case UInt8(ascii: "f"): try literal(bytes, "false", .false_)
    case UInt8(ascii: "n"): try literal(bytes, "null", .null)
    default: try number(bytes)
    }
  }

  private mutating func object(_ bytes: Span<UInt8>, depth: Int) throws(StrictJSON.Problem) {
    guard depth <= limits.depthMax else { throw problem(.tooDeep) }
    let node = try append(.object)
    index += 1
    skipSpace(bytes)
    var members = 0
    if index < bytes.count, bytes[index] == UInt8(ascii: "}") {
      index += 1
    } else {
      while true {
        guard index < bytes.count, bytes[index] == UInt8(ascii: "\"") else { throw problem(.syntax) }
        try string(bytes, as: .name)
        members += 1
        skipSpace(bytes)
        guard index < bytes.count, bytes[index] == UInt8(ascii: ":") else { throw problem(.syntax) }
        index += 1
        skipSpace(bytes)
        try value(bytes, depth: depth)
        if try !separator(bytes, closing: UInt8(ascii: "}")) { break }
      }
    }
    close(node, end: index)
    try JSONNames.refuseDuplicates(of: node, count: members, in: nodes, bytes)
  }

  private mutating func array(_ bytes: Span<UInt8>, depth: Int) throws(StrictJSON.Problem) {
    guard depth <= limits.depthMax else { throw problem(.tooDeep) }
    let node = try append(.array)
    index += 1
    skipSpace(bytes)
    if index < bytes.count, bytes[index] == UInt8(ascii: "]") {
      index += 1
    } else {
      repeat {
        try value(bytes, depth: depth)
      } while try separator(bytes, closing: UInt8(ascii: "]"))
    }
    close(node, end: index)
  }

  /// After a member or element: true at a comma, false at the closing bracket, both consumed.
  private mutating func separator(_ bytes: Span<UInt8>, closing: UInt8) throws(StrictJSON.Problem) -> Bool {
    skipSpace(bytes)
    guard index < bytes.count else { throw problem(.syntax) }
    let byte = bytes[index]
    guard byte == closing || byte == UInt8(ascii: ",") else { throw problem(.syntax) }
    index += 1
    if byte == closing { return false }
    skipSpace(bytes)
    return true
  }

  private mutating func literal(
    _ bytes: Span<UInt8>, _ text: StaticString, _ kind: JSONNode.Kind
  ) throws(StrictJSON.Problem) {
    let node = try append(kind)
    for offset in 0..<text.utf8CodeUnitCount {
      guard index < bytes.count, bytes[index] == text.utf8Start[offset] else { throw problem(.syntax) }
      index += 1
    }
    close(node, end: index)
  }

  private mutating func number(_ bytes: Span<UInt8>) throws(StrictJSON.Problem) {
    let node = try append(.number)
    take(bytes, UInt8(ascii: "-"))
    if !take(bytes, UInt8(ascii: "0")) { try digits(bytes) }
    if take(bytes, UInt8(ascii: ".")) { try digits(bytes) }
    if take(bytes, UInt8(ascii: "e")) || take(bytes, UInt8(ascii: "E")) {
      if !take(bytes, UInt8(ascii: "+")) { take(bytes, UInt8(ascii: "-")) }
      try digits(bytes)
    }
    close(node, end: index)
  }

  @discardableResult
  private mutating func take(_ bytes: Span<UInt8>, _ byte: UInt8) -> Bool {
    guard index < bytes.count, bytes[index] == byte else { return false }
    index += 1
    return true
  }

  private mutating func digits(_ bytes: Span<UInt8>) throws(StrictJSON.Problem) {
    let first = index
    while index < bytes.count, bytes[index] &- UInt8(ascii: "0") < 10 { index += 1 }
    guard index > first else { throw problem(.syntax) }
  }

  private mutating func string(_ bytes: Span<UInt8>, as kind: JSONNode.Kind) throws(StrictJSON.Problem) {
    index += 1
    let node = try append(kind)
    while index < bytes.count {
      let byte = bytes[index]
      switch byte {
      case UInt8(ascii: "\""):
        close(node, end: index)
        index += 1
        return
      case UInt8(ascii: "\\"):
        nodes[node].hasEscapes = true
        try escape(bytes)
      case 0..<0x20: throw problem(.syntax)
      case 0x20..<0x80: index += 1
      default: try multibyte(bytes)
      }
    }
    throw problem(.syntax)
  }

  private mutating func escape(_ bytes: Span<UInt8>) throws(StrictJSON.Problem) {
    guard index + 1 < bytes.count else { throw problem(.syntax) }
    switch bytes[index + 1] {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
      UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      index += 2
    case UInt8(ascii: "u"):
      guard let unit = JSONNames.hexadecimalUnit(bytes, at: index + 2) else { throw problem(.syntax) }
      switch unit {
      case 0xD800..<0xDC00:
        guard index + 7 < bytes.count, bytes[index + 6] == UInt8(ascii: "\\"), bytes[index + 7] == UInt8(ascii: "u"),
          let low = JSONNames.hexadecimalUnit(bytes, at: index + 8), (0xDC00..<0xE000).contains(low)
        else { throw problem(.loneSurrogate) }
        index += 12
      case 0xDC00..<0xE000: throw problem(.loneSurrogate)
      default: index += 6
      }
    default: throw problem(.syntax)
    }
  }

  /// One UTF-8 sequence of two to four bytes, by the well-formedness table of Unicode §3.9 (RFC 3629 §4).
  private mutating func multibyte(_ bytes: Span<UInt8>) throws(StrictJSON.Problem) {
    let (second, length): (ClosedRange<UInt8>, Int)
    switch bytes[index] {
    case 0xC2...0xDF: (second, length) = (0x80...0xBF, 2)
    case 0xE0: (second, length) = (0xA0...0xBF, 3)
    case 0xE1...0xEC, 0xEE...0xEF: (second, length) = (0x80...0xBF, 3)
    case 0xED: (second, length) = (0x80...0x9F, 3)
    case 0xF0: (second, length) = (0x90...0xBF, 4)
    case 0xF1...0xF3: (second, length) = (0x80...0xBF, 4)
    case 0xF4: (second, length) = (0x80...0x8F, 4)
    default: throw problem(.invalidUTF8)
    }
    guard index + length <= bytes.count, second.contains(bytes[index + 1]) else { throw problem(.invalidUTF8) }
    for offset in 2..<max(length, 2) {
      guard bytes[index + offset] & 0xC0 == 0x80 else { throw problem(.invalidUTF8) }
    }
    index += length
  }
}
