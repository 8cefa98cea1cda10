import ControlModel

/// Reads JSON text in pieces and finds members whose name says "tenant" and whose value is not the caller's.
///
/// No tree is built: memory is one byte and one short label a level. Names and values are compared after unescaping;
/// a string that merely looks like JSON is a string. An array under such a name is a list of tenants. It is as strict as
/// it needs to be to be certain where strings begin and end: brackets match, strings hold no control bytes and no unknown
/// escapes, nothing but numbers and literals stands outside them. What is not so is `isMalformed`, and no verdict on the
/// rest can be given.
struct TenantScanner {
  /// Deeper nesting is a finding. Parsers give up between 100 and 10 000 levels.
  static let depthMax = 512

  private(set) var finding: TenantFinding?
  private(set) var isMalformed = false

  private enum Mode: UInt8 { case outside, string, escape, unicode }
  private enum Expectation: UInt8 {
    case nothing
    /// A string that spells a key was read: with a colon after it, it is one.
    case colon
    /// The value of a key.
    case value
    /// More of a number that is judged.
    case number
  }
  private enum Container: UInt8 { case none, object, array, tenants }

  private var keys: TenantKeys
  /// The caller's tenant; empty if there is none, and then no value is right.
  private var own: [UInt8] = []
  private var topLevelOnly = false

  private var mode = Mode.outside
  private var expectation = Expectation.nothing
  private var top = Container.none
  private var stack: [Container] = []
  /// The string or number being read, where it does not stand in one piece as it is: unescaped, and no longer than can
  /// matter.
  private var token: [UInt8] = []
  private var unicode: UInt32 = 0
  private var unicodeDigits = 0
  /// Marks spelled with escapes; those that are not are found in the raw bytes.
  private var marks = CanaryScanner()
  private var key = 0
  /// The last string, for the label of the container it may name: in the piece being read, or saved.
  private var last = 0..<0
  private var saved: [UInt8] = []
  private var labels: [UInt8] = []
  private var labelEnds: [Int] = []

  /// Longer strings equal no name and no tenant.
  private static let tokenBytesMax = 96
  private static let labelBytesMax = 32

  init(_ keys: TenantKeys) {
    self.keys = keys
  }

  /// Starts anew. With `topLevelOnly`, as for requests, only members of the outermost object count, and no marks.
  mutating func begin(_ keys: TenantKeys, own tenant: [UInt8], topLevelOnly: Bool = false) {
    self.keys = keys
    own = tenant
    self.topLevelOnly = topLevelOnly
    marks.begin(tenant)
    finding = nil
    beginText()
  }

  /// The next byte begins another JSON text: a line, an event.
  mutating func beginText() {
    isMalformed = false
    mode = .outside
    expectation = .nothing
    top = .none
    stack.removeAll(keepingCapacity: true)
    token.removeAll(keepingCapacity: true)
    last = 0..<0
    saved.removeAll(keepingCapacity: true)
    labels.removeAll(keepingCapacity: true)
    labelEnds.removeAll(keepingCapacity: true)
  }

  /// The text has ended: a number that was judged as it came is complete.
  mutating func endText() {
    if expectation == .number { judgeToken() }
  }

  /// Whether there is nothing more to find out.
  var isDone: Bool { finding != nil || isMalformed }

  /// Looks at more of the text. Stops at the first finding, and where the text is malformed.
  mutating func scan(_ bytes: Span<UInt8>) {
    if isDone { return }
    var index = 0
    let end = bytes.count
    while index < end {
      guard mode == .outside else {
        index = readString(bytes, index)
        if isDone { return }
        continue
      }
      let byte = bytes[index]
      index += 1
      if byte == quotation {
        let close = ByteScan.stringEnd(in: bytes, from: index)
        guard close < end, bytes[close] == quotation else {
          beginToken()
          index = readString(bytes, index)
          if isDone { return }
          continue
        }
        last = index..<close
        if expectation == .nothing, top != .tenants {
          if keys.mayHold(bytes, index, close) { closedKey(bytes, index, close) }
        } else {
          closed(bytes, index, close)
          if isDone { return }
        }
        index = close + 1
      } else if Self.isFiller(byte) {
        if expectation != .nothing || top == .tenants {
          filler(byte)
          if isDone { return }
        }
      } else {
        structure(byte, bytes)
        if isDone { return }
      }
    }
    // The piece goes away; the name of the next container may be in it.
    if !last.isEmpty { save(bytes, last) }
    last = 0..<0
  }

  /// White space, separators, numbers and literals: what may stand outside strings beside brackets.
  @inline(__always)
  private static func isFiller(_ byte: UInt8) -> Bool {
    let bit: UInt64 = 1 << UInt64(byte & 63)
    return switch byte >> 6 {
    case 0: 0x07ff_7801_0000_2600 & bit != 0
    case 1: 0x003c_5062_0000_0020 & bit != 0
    default: false
    }
  }

  /// The beginning of a number.
  private static func isNumber(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "-") || byte &- 48 <= 9 }

  // MARK: Outside strings

  private mutating func filler(_ byte: UInt8) {
    let isSpace = byte <= space
    if expectation == .number {
      if !isSpace, byte != comma, byte != colon { return append(byte) }
      judgeToken()
      return
    }
    if isSpace { return }
    switch expectation {
    case .colon: expectation = byte == colon ? .value : .nothing
    case .value where Self.isNumber(byte): beginNumber(byte)
    case .value: expectation = .nothing
    case .nothing where Self.isNumber(byte): beginNumber(byte)  // in a list of tenants
    case .nothing, .number: break
    }
  }

  private mutating func structure(_ byte: UInt8, _ bytes: Span<UInt8>) {
    if expectation == .number {
      judgeToken()
      if isDone { return }
    }
    switch byte {
    case UInt8(ascii: "{"): push(.object, bytes)
    case UInt8(ascii: "["):
      push(expectation == .value || (top == .tenants && expectation == .nothing) ? .tenants : .array, bytes)
    case UInt8(ascii: "}"):
      guard top == .object else { return isMalformed = true }
      pop()
    case UInt8(ascii: "]"):
      guard top == .array || top == .tenants else { return isMalformed = true }
      pop()
    default: isMalformed = true
    }
    expectation = .nothing
  }

  private mutating func push(_ container: Container, _ bytes: Span<UInt8>) {
    guard stack.count < Self.depthMax else {
      finding = TenantFinding(kind: .unreadable, place: "nested deeper than \(Self.depthMax)")
      return
    }
    if top == .object {
      labels.append(UInt8(ascii: "."))
      if last.isEmpty {
        labels.append(contentsOf: saved)
      } else {
        for index in last.prefix(Self.labelBytesMax) { labels.append(bytes[index]) }
      }
    } else if top != .none {
      labels.append(UInt8(ascii: "["))
      labels.append(UInt8(ascii: "]"))
    }
    labelEnds.append(labels.count)
    stack.append(container)
    top = container
  }

  private mutating func pop() {
    stack.removeLast()
    labelEnds.removeLast()
    let kept = labelEnds.last ?? 0
    labels.removeLast(labels.count - kept)
    top = stack.last ?? .none
  }

  // MARK: Strings

  /// Reads on in a string that does not stand in one piece as it is.
  private mutating func readString(_ bytes: Span<UInt8>, _ start: Int) -> Int {
    var index = start
    while index < bytes.count, !isDone {
      let byte = bytes[index]
      switch mode {
      case .outside: return index
      case .string:
        let stop = ByteScan.stringEnd(in: bytes, from: index)
        append(bytes, index, stop)
        guard stop < bytes.count, !isDone else { return stop }
        index = stop + 1
        switch bytes[stop] {
        case quotation: endToken()
        case reverseSolidus: mode = .escape
        default: isMalformed = true  // a control byte
        }
      case .escape:
        escaped(byte)
        index += 1
      case .unicode:
        guard let digit = TargetSyntax.hexDigit(byte) else {
          isMalformed = true
          return index
        }
        unicode = unicode << 4 | UInt32(digit)
        unicodeDigits += 1
        index += 1
        if unicodeDigits == 4 {
          // Names and tenants are ASCII; anything else equals neither.
          append(unicode < 0x80 ? UInt8(unicode) : 0xff)
          mode = .string
        }
      }
    }
    return index
  }

  private mutating func escaped(_ byte: UInt8) {
    mode = .string
    switch byte {
    case quotation, reverseSolidus, slash: append(byte)
    case UInt8(ascii: "b"): append(8)
    case UInt8(ascii: "f"): append(12)
    case UInt8(ascii: "n"): append(10)
    case UInt8(ascii: "r"): append(13)
    case UInt8(ascii: "t"): append(9)
    case UInt8(ascii: "u"):
      mode = .unicode
      unicode = 0
      unicodeDigits = 0
    default: isMalformed = true
    }
  }

  private mutating func beginToken() {
    mode = .string
    token.removeAll(keepingCapacity: true)
    marks.restart()
  }

  private mutating func beginNumber(_ byte: UInt8) {
    token.removeAll(keepingCapacity: true)
    token.append(byte)
    expectation = .number
  }

  private mutating func append(_ byte: UInt8) {
    if token.count < Self.tokenBytesMax { token.append(byte) }
    if mode != .outside, !topLevelOnly, let found = marks.take(byte) {
      finding = TenantFinding(.canary, place(""), found: found)
    }
  }

  /// The same for bytes that stand as they are.
  private mutating func append(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) {
    var index = start
    let kept = min(end, start + Self.tokenBytesMax - token.count)
    while index < kept {
      token.append(bytes[index])
      index += 1
    }
    if !topLevelOnly, start < end, let found = marks.scan(bytes.extracting(start..<end)) {
      finding = TenantFinding(.canary, place(""), found: found)
    }
  }

  private mutating func endToken() {
    mode = .outside
    saved.removeAll(keepingCapacity: true)
    saved.append(contentsOf: token.prefix(Self.labelBytesMax))
    last = 0..<0
    let text = token
    closed(text.span, 0, text.count)
  }

  /// A string is complete, unescaped.
  private mutating func closed(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) {
    if expectation == .value || (top == .tenants && expectation == .nothing) {
      expectation = .nothing
      return judge(bytes, start, end)
    }
    expectation = .nothing
    closedKey(bytes, start, end)
  }

  private mutating func closedKey(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) {
    guard top == .object, !topLevelOnly || stack.count == 1, let index = keys.index(of: bytes, start, end) else {
      return
    }
    key = index
    expectation = .colon
  }

  private mutating func save(_ bytes: Span<UInt8>, _ range: Range<Int>) {
    saved.removeAll(keepingCapacity: true)
    for index in range.prefix(Self.labelBytesMax) { saved.append(bytes[index]) }
  }

  // MARK: Judging

  private mutating func judgeToken() {
    expectation = .nothing
    let text = token
    judge(text.span, 0, text.count)
  }

  private mutating func judge(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) {
    if !own.isEmpty, end - start == own.count {
      var offset = 0
      while offset < own.count, bytes[start + offset] == own[offset] { offset += 1 }
      if offset == own.count { return }
    }
    finding = TenantFinding(
      .key, place(top == .tenants ? "[]" : ".\(keys.names[key])"), found: Array(copying: bytes.extracting(start..<end)))
  }

  private func place(_ end: String) -> String { "$" + String(decoding: labels, as: UTF8.self) + end }
}

private let quotation = UInt8(ascii: "\"")
private let reverseSolidus = UInt8(ascii: "\\")
