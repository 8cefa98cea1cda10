/// Reads one request head, strictly: whatever two HTTP implementations could read differently is refused here, once,
/// so that nothing behind the gateway ever sees it (RFC 9112 §11, RFC 9110 §17).
///
/// One pass over the bytes, bounds-checked, no allocation: the field list is reused from request to request.
struct RequestHeadParser {
  /// The fields of the last head parsed, in order; ranges are into the bytes given to `parse`.
  private(set) var fields: [Field] = []
  private let limits: HeadLimits

  init(limits: HeadLimits) {
    self.limits = limits
    fields.reserveCapacity(limits.fieldsMax)
  }

  /// The head at the start of `bytes`; nil when its end has not arrived yet. What is there already is checked, so a
  /// wrong head is refused as soon as the wrong line is complete.
  mutating func parse(_ bytes: Span<UInt8>) throws(HeadProblem) -> RequestHead? {
    fields.removeAll(keepingCapacity: true)
    var head = RequestHead()
    guard let lineEnd = try requestLine(bytes, &head) else { return nil }
    var position = lineEnd
    while true {
      guard position < bytes.count else { return try incomplete(bytes) }
      if bytes[position] == carriageReturn {
        guard position + 1 < bytes.count else { return try incomplete(bytes) }
        guard bytes[position + 1] == lineFeed else { throw .lineEnd }
        break
      }
      guard let next = try fieldLine(bytes, at: position, &head) else { return try incomplete(bytes) }
      position = next
      if position > limits.headBytesMax { throw .headTooLarge }
    }
    head.length = position + 2
    if head.length > limits.headBytesMax { throw .headTooLarge }
    try finish(bytes, &head)
    return head
  }

  private func incomplete(_ bytes: Span<UInt8>) throws(HeadProblem) -> RequestHead? {
    if bytes.count > limits.headBytesMax { throw .headTooLarge }
    return nil
  }

  // MARK: Request line

  /// Start of the first field line; nil when the request line is not complete.
  private func requestLine(_ bytes: Span<UInt8>, _ head: inout RequestHead) throws(HeadProblem) -> Int? {
    var index = 0
    while index < bytes.count, bytes[index] != space {
      guard bytes[index] >= UInt8(ascii: "A"), bytes[index] <= UInt8(ascii: "Z"), index < HeadLimits.methodBytesMax
      else {
        throw .method
      }
      index += 1
    }
    guard index > 0 || bytes.isEmpty else { throw .method }
    let end = ByteScan.firstControl(in: bytes, from: index)
    if end > limits.requestLineBytesMax { throw .targetTooLong }
    guard end < bytes.count else { return nil }
    guard bytes[end] == carriageReturn else { throw bytes[end] == lineFeed ? .lineEnd : .requestLine }
    guard end + 1 < bytes.count else { return nil }
    guard bytes[end + 1] == lineFeed else { throw .lineEnd }

    // " HTTP/1.x" are the last nine bytes of the line.
    let versionStart = end - 8
    guard versionStart - 1 > index, bytes[versionStart - 1] == space else { throw .requestLine }
    guard ByteScan.matches(bytes, at: versionStart, "http/1."), bytes[versionStart] == UInt8(ascii: "H"),
      bytes[versionStart + 1] == UInt8(ascii: "T"), bytes[versionStart + 2] == UInt8(ascii: "T"),
      bytes[versionStart + 3] == UInt8(ascii: "P"),
      bytes[end - 1] == UInt8(ascii: "1") || bytes[end - 1] == UInt8(ascii: "0")
    else { throw .version }
    head.isHTTP10 = bytes[end - 1] == UInt8(ascii: "0")
    head.methodRange = 0..<index
    head.method = Method(bytes, head.methodRange)
    try target(bytes, (index + 1)..<(versionStart - 1), &head)
    return end + 2
  }

  /// Origin form, or absolute form whose authority is compared with Host at the end of the head.
  private func target(
    _ bytes: Span<UInt8>, _ range: Range<Int>, _ head: inout RequestHead
  ) throws(HeadProblem) {
    guard !range.isEmpty else { throw .requestLine }
    if range.count > limits.targetBytesMax { throw .targetTooLong }
    var start = range.lowerBound
    if bytes[start] != slash {
      guard ByteScan.matches(bytes, at: start, "http://") else { throw .target }
      start += 7
      let authority = start
      while start < range.upperBound, bytes[start] != slash {
        guard HostSyntax.isAllowed(bytes[start]) else { throw .target }
        start += 1
      }
      guard start < range.upperBound, start > authority else { throw .target }
      head.host = authority..<start
    }
    head.target = start..<range.upperBound
    head.path = try TargetSyntax.path(bytes, head.target)
    head.query = min(head.path.upperBound + 1, range.upperBound)..<range.upperBound
  }

  // MARK: Field lines

  /// Start of the next line; nil when this one is not complete.
  private mutating func fieldLine(
    _ bytes: Span<UInt8>, at start: Int, _ head: inout RequestHead
  ) throws(HeadProblem) -> Int? {
    var index = start
    var isPlain = true
    while index < bytes.count, bytes[index] != colon {
      if !ByteScan.isPlainName(bytes[index]) {
        if index > limits.headBytesMax { throw .headTooLarge }
        guard ByteScan.isToken(bytes[index]) else { throw .fieldName }
        isPlain = false
      }
      index += 1
    }
    guard index < bytes.count else { return nil }
    guard index > start else { throw .fieldName }
    let name = start..<index
    let end = ByteScan.firstControl(in: bytes, from: index + 1)
    if end > limits.headBytesMax { throw .headTooLarge }
    guard end < bytes.count else { return nil }
    guard bytes[end] == carriageReturn else { throw bytes[end] == lineFeed ? .lineEnd : .fieldValue }
    guard end + 1 < bytes.count else { return nil }
    guard bytes[end + 1] == lineFeed else { throw .lineEnd }
    if fields.count + head.ambiguousFields == limits.fieldsMax { throw .tooManyFields }
    let value = FieldSyntax.trimmed(bytes, (index + 1)..<end)
    guard isPlain else {
      head.ambiguousFields += 1
      return end + 2
    }
    let kind = FieldName.request(bytes, name)
    fields.append(Field(name: name, value: value, kind: kind))
    if kind != .other { try note(kind, value, bytes, &head) }
    return end + 2
  }

  private func note(
    _ kind: FieldName, _ value: Range<Int>, _ bytes: Span<UInt8>, _ head: inout RequestHead
  ) throws(HeadProblem) {
    switch kind {
    case .contentLength:
      guard head.framing != .chunked else { throw .framingConflict }
      guard head.framing == .none, let length = ByteScan.decimal(bytes, value) else { throw .contentLength }
      head.framing = .length(length)
    case .transferEncoding:
      if case .length = head.framing { throw .framingConflict }
      guard head.framing == .none, !head.isHTTP10, value.count == 7,
        ByteScan.matches(bytes, at: value.lowerBound, "chunked")
      else { throw .transferEncoding }
      head.framing = .chunked
    case .authorization:
      if head.authorization != nil { throw .authorizationDuplicate }
      head.authorization = value
    case .requestID: head.requestID = head.requestID == nil ? value : value.lowerBound..<value.lowerBound
    case .traceparent: head.traceparent = head.traceparent == nil ? value : value.lowerBound..<value.lowerBound
    case .cookie: head.cookie = value
    case .identity: head.identityFields += 1
    case .expect:
      guard value.count == 12, ByteScan.matches(bytes, at: value.lowerBound, "100-continue") else { throw .expectation }
      head.expectsContinue = !head.isHTTP10
    default: break
    }
  }

  // MARK: The head as a whole

  private mutating func finish(_ bytes: Span<UInt8>, _ head: inout RequestHead) throws(HeadProblem) {
    try host(bytes, &head)
    head.isKeptAlive = !head.isHTTP10
    var isUpgrade = false
    var nominatesFields = false
    for field in fields where field.kind == .connection {
      FieldSyntax.forEachElement(bytes, field.value) { element in
        if FieldSyntax.equals(bytes, element, "close") {
          head.isKeptAlive = false
        } else if FieldSyntax.equals(bytes, element, "upgrade") {
          isUpgrade = true
        } else if !FieldSyntax.equals(bytes, element, "keep-alive") {
          nominatesFields = true
        }
      }
    }
    if nominatesFields { FieldSyntax.dropNominated(&fields, bytes) }
    if isUpgrade { try checkUpgrade(bytes, &head) }
    if head.framing == .length(0) { head.framing = .none }
  }

  /// An upgrade to anything but WebSocket is ignored, as RFC 9110 §7.8 allows: the field is hop-by-hop and stays here.
  private func checkUpgrade(_ bytes: Span<UInt8>, _ head: inout RequestHead) throws(HeadProblem) {
    let upgrades = fields.filter { $0.kind == .upgrade }
    guard upgrades.count == 1, FieldSyntax.equals(bytes, upgrades[0].value, "websocket"), !head.isHTTP10 else { return }
    guard head.method == .get, head.framing == .none || head.framing == .length(0) else { throw .upgradeWithBody }
    head.asksForWebSocket = true
  }

  private func host(_ bytes: Span<UInt8>, _ head: inout RequestHead) throws(HeadProblem) {
    var seen: Range<Int>?
    for field in fields where field.kind == .host {
      if seen != nil { throw .hostDuplicate }
      guard HostSyntax.isValid(bytes, field.value) else { throw .hostInvalid }
      seen = field.value
    }
    guard let seen else {
      guard head.isHTTP10, head.host == nil else { throw .hostMissing }
      return
    }
    if let authority = head.host, !FieldSyntax.equal(bytes, authority, seen) { throw .hostMismatch }
    head.host = seen
  }
}
