/// An upstream's answer head that passed the same rules as a request's.
struct ResponseHead {
  var status = 0
  /// Reason phrase, as sent; may be empty.
  var reason = 0..<0
  var framing = BodyFraming.untilClose
  /// As sent, also where no body follows (answers to HEAD, 304).
  var contentLength: Int?
  var isKeptAlive = true
  /// Bytes of the head, its empty line included.
  var length = 0
}

/// Why an answer cannot be passed on; the caller gets 502 `upstream.protocol`.
enum ResponseProblem: String, Error, CaseIterable {
  case statusLine = "status_line"
  case field
  case headTooLarge = "head_too_large"
  case framing
  case chunk
  /// A change of protocol that was not asked for, or not this one.
  case upgrade
}

/// Reads one answer head from an upstream with the strictness of `RequestHeadParser`: an upstream that can be tricked
/// into splitting an answer must not be able to poison the next one on the connection.
struct ResponseHeadParser {
  private(set) var fields: [Field] = []
  /// Answers carry more than requests: cookies, policies.
  private static let headBytesMax = 64 * 1024
  /// Reason phrases are a few words.
  private static let statusLineBytesMax = 1024
  private static let fieldsMax = 128

  init() {
    fields.reserveCapacity(Self.fieldsMax)
  }

  /// The head at the start of `bytes`; nil when its end has not arrived. `method` is the request's: answers to HEAD have no body.
  mutating func parse(_ bytes: Span<UInt8>, answering method: Method) throws(ResponseProblem) -> ResponseHead? {
    fields.removeAll(keepingCapacity: true)
    var head = ResponseHead()
    var isChunked = false
    var nominatesFields = false
    guard var position = try statusLine(bytes, &head) else { return try incomplete(bytes) }
    let isHTTP10 = !head.isKeptAlive
    while true {
      guard position < bytes.count else { return try incomplete(bytes) }
      if bytes[position] == carriageReturn {
        guard position + 1 < bytes.count else { return try incomplete(bytes) }
        guard bytes[position + 1] == lineFeed else { throw .field }
        break
      }
      guard let (field, next) = try fieldLine(bytes, at: position) else { return try incomplete(bytes) }
      switch field.kind {
      case .contentLength:
        guard head.contentLength == nil, let length = ByteScan.decimal(bytes, field.value) else { throw .framing }
        head.contentLength = length
      case .transferEncoding:
        guard !isChunked, FieldSyntax.equals(bytes, field.value, "chunked") else { throw .framing }
        isChunked = true
      case .connection:
        FieldSyntax.forEachElement(bytes, field.value) { element in
          if FieldSyntax.equals(bytes, element, "close") {
            head.isKeptAlive = false
          } else if !FieldSyntax.equals(bytes, element, "keep-alive") {
            nominatesFields = true
          }
        }
      default: break
      }
      fields.append(field)
      position = next
    }
    head.length = position + 2
    if head.length > Self.headBytesMax { throw .headTooLarge }
    if isChunked && (head.contentLength != nil || isHTTP10) { throw .framing }
    if nominatesFields { FieldSyntax.dropNominated(&fields, bytes) }
    head.framing = Self.framing(method, head.status, isChunked: isChunked, length: head.contentLength)
    if head.framing == .untilClose { head.isKeptAlive = false }
    return head
  }

  /// RFC 9112 §6.3.
  private static func framing(_ method: Method, _ status: Int, isChunked: Bool, length: Int?) -> BodyFraming {
    if method == .head || status < 200 || status == 204 || status == 304 { return .none }
    if isChunked { return .chunked }
    if let length { return length == 0 ? .none : .length(length) }
    return .untilClose
  }

  private func incomplete(_ bytes: Span<UInt8>) throws(ResponseProblem) -> ResponseHead? {
    if bytes.count > Self.headBytesMax { throw .headTooLarge }
    return nil
  }

  /// `HTTP/1.x SP 3DIGIT [SP reason] CRLF`
  private func statusLine(_ bytes: Span<UInt8>, _ head: inout ResponseHead) throws(ResponseProblem) -> Int? {
    let end = ByteScan.firstControl(in: bytes, from: 0)
    if end > Self.statusLineBytesMax { throw .statusLine }
    guard end + 1 < bytes.count else { return nil }
    guard bytes[end] == carriageReturn, bytes[end + 1] == lineFeed, end >= 12,
      ByteScan.matches(bytes, at: 0, "http/1."), bytes[0] == UInt8(ascii: "H"), bytes[8] == space,
      bytes[7] == UInt8(ascii: "1") || bytes[7] == UInt8(ascii: "0"),
      let status = ByteScan.decimal(bytes, 9..<12), status >= 100, end == 12 || bytes[12] == space
    else { throw .statusLine }
    head.status = status
    head.reason = min(13, end)..<end
    head.isKeptAlive = bytes[7] == UInt8(ascii: "1")
    return end + 2
  }

  private func fieldLine(
    _ bytes: Span<UInt8>, at start: Int
  ) throws(ResponseProblem) -> (field: Field, next: Int)? {
    var index = start
    while index < bytes.count, ByteScan.isToken(bytes[index]) { index += 1 }
    guard index < bytes.count else { return nil }
    guard bytes[index] == colon, index > start, fields.count < Self.fieldsMax else { throw .field }
    let name = start..<index
    let end = ByteScan.firstControl(in: bytes, from: index + 1)
    guard end + 1 < bytes.count else { return nil }
    guard bytes[end] == carriageReturn, bytes[end + 1] == lineFeed else { throw .field }
    let value = FieldSyntax.trimmed(bytes, (index + 1)..<end)
    return (Field(name: name, value: value, kind: .response(bytes, name)), end + 2)
  }
}
