import NIOCore

/// Looks for other tenants' data in the content of one answer, whatever its format, as its pieces come.
///
/// A quick look at each piece comes first. At the first that is suspect, everything from the beginning is read closely;
/// so is an answer too long to be kept for that.
struct AnswerReader {
  /// Set at the first finding; the rest is then not looked at.
  private(set) var finding: TenantFinding?
  /// Bytes of the last piece up to which whole lines or events have been judged.
  private(set) var judgedBytes = 0

  private let keys: TenantKeys
  private var own: [UInt8] = []
  private var format = AnswerFormat.text
  private var quick: QuickLook
  /// Every piece so far, while a quick look was enough.
  private var seen: [ByteBuffer] = []
  private var seenBytes = 0
  private var isQuick = true
  private var canaries = CanaryScanner()
  private var scanner: TenantScanner
  private var lines = EventLines()
  /// Whether the text at hand is read as JSON; nil until its first byte that tells.
  private var isJSON: Bool?

  init(_ keys: TenantKeys) {
    self.keys = keys
    scanner = TenantScanner(keys)
    quick = QuickLook(keys)
  }

  /// Most that is kept to be read closely after all.
  private static let seenBytesMax = 64 * 1024

  /// Starts anew, for a caller of the tenant `own`, or of none.
  mutating func begin(_ format: AnswerFormat, own: [UInt8]) {
    self.format = format
    self.own = own
    finding = nil
    judgedBytes = 0
    isJSON = nil
    forget()
    isQuick = format == .json || format == .text
    if isQuick { quick.begin(own: own) } else { beginClosely() }
  }

  private mutating func beginClosely() {
    canaries.begin(own)
    scanner.begin(keys, own: own)
    lines = EventLines()
  }

  /// Looks at the bytes of a head.
  mutating func read(head bytes: Span<UInt8>) {
    guard CanaryScanner.mayBegin(in: bytes) else { return }
    var canaries = CanaryScanner()
    canaries.begin(own)
    if let other = canaries.scan(bytes) { finding = TenantFinding(.canary, "the head", found: other) }
  }

  /// Looks at the next piece of content.
  mutating func read(_ piece: ByteBuffer) {
    judgedBytes = 0
    if isQuick {
      seenBytes += piece.readableBytes
      guard seenBytes > Self.seenBytesMax || quick.isSuspect(piece.readableBytesUInt8Span) else {
        return seen.append(piece)
      }
      isQuick = false
      let earlier = seen
      forget()
      beginClosely()
      for piece in earlier where finding == nil { readClosely(piece.readableBytesUInt8Span) }
    }
    if finding == nil { readClosely(piece.readableBytesUInt8Span) }
  }

  /// Lets go of pieces that were kept.
  mutating func forget() {
    seen.removeAll(keepingCapacity: true)
    seenBytes = 0
  }

  private mutating func readClosely(_ bytes: Span<UInt8>) {
    if let other = canaries.scan(bytes) { return finding = TenantFinding(.canary, "the content", found: other) }
    switch format {
    case .json, .text: readText(bytes, isStrict: format == .json)
    case .lines: readLines(bytes)
    case .events: readEvents(bytes)
    case .opaque, .unreadable: break
    }
  }

  /// The content has ended.
  mutating func end() {
    if finding == nil, isJSON == true { endText(isStrict: format == .json || format == .lines) }
  }

  /// One JSON text, or something that turns out not to be one.
  private mutating func readText(_ bytes: Span<UInt8>, isStrict: Bool) {
    var start = 0
    if isJSON == nil {
      while start < bytes.count, Self.isBlank(bytes[start]) { start += 1 }
      guard start < bytes.count else { return }
      let first = bytes[start]
      isJSON = isStrict || first == UInt8(ascii: "{") || first == UInt8(ascii: "[") || first == UInt8(ascii: "\"")
    }
    guard isJSON == true else { return }
    scanner.scan(bytes.extracting(start..<bytes.count))
    settle(isStrict: isStrict)
  }

  private mutating func settle(isStrict: Bool) {
    finding = scanner.finding
    guard scanner.isMalformed else { return }
    isJSON = false
    if isStrict { finding = TenantFinding(kind: .unreadable, place: "not JSON, though it says it is") }
  }

  private mutating func endText(isStrict: Bool) {
    scanner.endText()
    settle(isStrict: isStrict)
  }

  private mutating func nextText() {
    scanner.beginText()
    isJSON = nil
  }

  /// White space and the bytes of a byte order mark.
  private static func isBlank(_ byte: UInt8) -> Bool {
    byte <= space || byte == 0xef || byte == 0xbb || byte == 0xbf
  }

  private mutating func readLines(_ bytes: Span<UInt8>) {
    var start = 0
    while start < bytes.count, finding == nil {
      let end = ByteScan.first(lineFeed, in: bytes, from: start)
      readText(bytes.extracting(start..<end), isStrict: true)
      guard finding == nil, end < bytes.count else { return }
      if isJSON == true { endText(isStrict: true) }
      nextText()
      start = end + 1
      judgedBytes = start
    }
  }

  private mutating func readEvents(_ bytes: Span<UInt8>) {
    var start = 0
    while start < bytes.count, finding == nil {
      switch lines.next(bytes, &start) {
      case .data(let range): readText(bytes.extracting(range), isStrict: false)
      case .newLine: if isJSON == true { endText(isStrict: false) }
      case .eventEnd:
        nextText()
        judgedBytes = start
      case .nothing: break
      }
    }
  }
}

/// Splits a stream of server-sent events into what its `data` fields hold and where events end (HTML Standard §9.2.6).
struct EventLines {
  enum Step {
    /// A piece of a `data` field, the range of it in the bytes given.
    case data(Range<Int>)
    /// A line of data has ended; the next continues the same text.
    case newLine
    /// A blank line.
    case eventEnd
    case nothing
  }

  private enum State {
    /// In a field name, of which so many bytes are those of `data`.
    case name(Int)
    /// After `data:`, where one space does not count.
    case space
    case data
    /// In a field we do not read.
    case other
  }

  private var state = State.name(0)
  private var isAtLineStart = true
  /// The line before ended in CR: an LF now belongs to it.
  private var followsReturn = false
  private var wasBlank = false

  private static let name: StaticString = "data"

  /// Takes one step from `index`, which moves on.
  mutating func next(_ bytes: Span<UInt8>, _ index: inout Int) -> Step {
    let byte = bytes[index]
    if followsReturn {
      followsReturn = false
      if byte == lineFeed {
        index += 1
        return wasBlank ? .eventEnd : .nothing
      }
    }
    if byte == lineFeed || byte == carriageReturn {
      index += 1
      followsReturn = byte == carriageReturn
      wasBlank = isAtLineStart
      let wasData = if case .data = state { true } else { false }
      state = .name(0)
      isAtLineStart = true
      return wasBlank ? .eventEnd : wasData ? .newLine : .nothing
    }
    isAtLineStart = false
    switch state {
    case .name(let matched):
      index += 1
      // A byte order mark may stand before the first field.
      if matched == 0, byte == 0xef || byte == 0xbb || byte == 0xbf { return .nothing }
      let isWhole = matched == Self.name.utf8CodeUnitCount
      if isWhole {
        state = byte == colon ? .space : .other
      } else {
        state = byte == Self.name.withUTF8Buffer({ $0[matched] }) ? .name(matched + 1) : .other
      }
      return .nothing
    case .space:
      state = .data
      if byte == space { index += 1 }
      return .nothing
    case .data, .other:
      let start = index
      let end = Self.lineEnd(bytes, index)
      index = end
      if case .data = state { return .data(start..<end) }
      return .nothing
    }
  }

  private static func lineEnd(_ bytes: Span<UInt8>, _ start: Int) -> Int {
    var index = ByteScan.firstControl(in: bytes, from: start)
    while index < bytes.count, bytes[index] != lineFeed, bytes[index] != carriageReturn {
      index = ByteScan.firstControl(in: bytes, from: index + 1)
    }
    return index
  }
}
