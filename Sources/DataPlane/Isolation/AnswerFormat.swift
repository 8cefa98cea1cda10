/// What the content of an answer is read as, by what its head says of it.
enum AnswerFormat: Equatable {
  /// One JSON text.
  case json
  /// A JSON text a line.
  case lines
  /// Server-sent events, whose data may be JSON.
  case events
  /// Something else that may turn out to be JSON: text, or unnamed.
  case text
  /// Pictures and the like: looked at for canaries only.
  case opaque
  /// Compressed, or a part of something: cannot be judged.
  case unreadable(String)

  /// - Parameter bytes: what the ranges in `fields` point into.
  init(_ status: Int, _ fields: [Field], _ bytes: Span<UInt8>) {
    self = .text
    if status == 206 {
      self = .unreadable("a part of something, which cannot be judged")
      return
    }
    for field in fields where field.kind == .other {
      if FieldSyntax.equals(bytes, field.name, "content-encoding"), !field.value.isEmpty,
        !FieldSyntax.equals(bytes, field.value, "identity")
      {
        self = .unreadable("encoded, though identity was asked for")
        return
      }
      if FieldSyntax.equals(bytes, field.name, "content-type") { self = Self.of(bytes, field.value) }
    }
  }

  /// By media type, without case and parameters.
  static func of(_ bytes: Span<UInt8>, _ value: Range<Int>) -> AnswerFormat {
    var end = value.lowerBound
    while end < value.upperBound, bytes[end] != UInt8(ascii: ";"), bytes[end] != comma { end += 1 }
    let type = FieldSyntax.trimmed(bytes, value.lowerBound..<end)
    func begins(_ prefix: StaticString) -> Bool {
      prefix.utf8CodeUnitCount <= type.count && ByteScan.matches(bytes, at: type.lowerBound, prefix)
    }
    func ends(_ suffix: StaticString) -> Bool {
      suffix.utf8CodeUnitCount <= type.count
        && ByteScan.matches(bytes, at: type.upperBound - suffix.utf8CodeUnitCount, suffix)
    }
    if FieldSyntax.equals(bytes, type, "application/json") { return .json }
    if FieldSyntax.equals(bytes, type, "text/event-stream") { return .events }
    if ends("ndjson") || ends("jsonl") || ends("jsonlines") || ends("stream+json") { return .lines }
    if ends("json") { return .json }
    if begins("multipart/byteranges") { return .unreadable("parts of something, which cannot be judged") }
    if begins("image/") || begins("audio/") || begins("video/") || begins("font/") { return .opaque }
    return .text
  }
}
