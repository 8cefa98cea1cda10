/// Splits what a gateway sent to an upstream on one connection into requests, by the framing it promises to send: a plain
/// length, chunks, or nothing. Written apart from the gateway's own parsers, so that it cannot share their mistakes.
struct RecordedRequest: Sendable {
  let bytes: [UInt8]
  /// Request line and header lines without their ends.
  let lines: [[UInt8]]
  /// Whether the end of the head, and of the body, has come.
  let isWhole: Bool

  var requestID: String? { value("x-request-id") }

  private static let headEnd = Array("\r\n\r\n".utf8)

  func value(_ name: String) -> String? {
    let mark = Array((name + ":").utf8)
    let line = lines.dropFirst().first { $0.count >= mark.count && $0.prefix(mark.count).map(Self.lower) == mark }
    return line.map { String(decoding: $0.dropFirst(mark.count), as: UTF8.self).trimmingPrefix(" ").description }
  }

  /// All requests in `bytes`; what is left over is one more, not whole.
  static func all(in bytes: [UInt8]) -> [RecordedRequest] {
    var requests: [RecordedRequest] = []
    var rest = bytes[...]
    while !rest.isEmpty {
      let request = first(in: Array(rest))
      requests.append(request)
      rest = rest.dropFirst(request.bytes.count)
    }
    return requests
  }

  private static func first(in bytes: [UInt8]) -> RecordedRequest {
    guard let mark = position(of: headEnd, in: bytes, from: 0) else {
      return RecordedRequest(bytes: bytes, lines: [bytes], isWhole: false)
    }
    let head = RecordedRequest(bytes: bytes, lines: split(Array(bytes[..<mark])), isWhole: false)
    var end: Int? = mark + 4
    if head.value("transfer-encoding")?.lowercased() == "chunked" {
      end = chunksEnd(bytes, from: mark + 4)
    } else if let length = head.value("content-length") {
      end = Int(length).flatMap { mark + 4 + $0 <= bytes.count ? mark + 4 + $0 : nil }
    }
    return RecordedRequest(bytes: Array(bytes[..<(end ?? bytes.count)]), lines: head.lines, isWhole: end != nil)
  }

  private static func chunksEnd(_ bytes: [UInt8], from start: Int) -> Int? {
    var index = start
    while let lineEnd = position(of: [13, 10], in: bytes, from: index) {
      guard let size = Int(String(decoding: bytes[index..<lineEnd], as: UTF8.self), radix: 16) else { return nil }
      index = lineEnd + 2 + size + 2
      if index > bytes.count { return nil }
      if size == 0 { return index }
    }
    return nil
  }

  /// At CRLF only: a bare CR or LF stays in its line, to be found there.
  private static func split(_ head: [UInt8]) -> [[UInt8]] {
    var lines: [[UInt8]] = []
    var start = 0
    while let end = position(of: [13, 10], in: head, from: start) {
      lines.append(Array(head[start..<end]))
      start = end + 2
    }
    return lines + [Array(head[start...])]
  }

  private static func position(of mark: [UInt8], in bytes: [UInt8], from start: Int) -> Int? {
    guard bytes.count >= start + mark.count else { return nil }
    return (start...(bytes.count - mark.count)).first { index in
      bytes[index] == mark[0] && bytes[index..<(index + mark.count)].elementsEqual(mark)
    }
  }

  private static func lower(_ byte: UInt8) -> UInt8 { (65...90).contains(byte) ? byte | 0x20 : byte }
}

extension RecordedRequest {
  /// What in a forwarded request two implementations could read differently, or an upstream could take for ours.
  var hazards: [String] {
    var found: [String] = []
    let names = lines.dropFirst().map { line in
      String(decoding: line.prefix { $0 != 0x3a }.map(Self.lower), as: UTF8.self)
    }
    for line in lines where line.contains(where: { ($0 < 0x20 && $0 != 0x09) || $0 == 0x7f }) {
      found.append("control byte in \(String(decoding: line.prefix(60), as: UTF8.self))")
    }
    for (name, line) in zip(names, lines.dropFirst()) {
      if !line.contains(0x3a) { found.append("line without a colon") }
      if name.isEmpty || !name.utf8.allSatisfy({ (97...122).contains($0) || (48...57).contains($0) || $0 == 0x2d }) {
        found.append("name \(name.debugDescription)")
      }
    }
    for name in ["host", "x-request-id", "traceparent", "via", "forwarded"]
    where names.count(where: { $0 == name }) != 1 {
      found.append("\(names.count { $0 == name }) times \(name)")
    }
    let lengths = names.count { $0 == "content-length" }
    let encodings = names.count { $0 == "transfer-encoding" }
    if lengths + encodings > 1 { found.append("framed twice") }
    if lengths == 1, value("content-length")?.utf8.allSatisfy({ (48...57).contains($0) }) != true {
      found.append("length \(value("content-length") ?? "")")
    }
    if encodings == 1, value("transfer-encoding") != "chunked" { found.append("odd encoding") }
    for name in [
      "connection", "upgrade", "te", "trailer", "keep-alive", "proxy-connection", "x-tenant-id", "x-user-id",
    ]
    where names.contains(name) {
      found.append(name)
    }
    return found + lineHazards
  }

  private var lineHazards: [String] {
    var found: [String] = []
    let words = lines[0].split(separator: 0x20, omittingEmptySubsequences: false)
    if words.count != 3 || !words[0].allSatisfy({ (65...90).contains($0) }) || !words[2].elementsEqual("HTTP/1.1".utf8)
    {
      found.append("request line \(String(decoding: lines[0].prefix(80), as: UTF8.self))")
    }
    let target = words.count > 1 ? String(decoding: words[1], as: UTF8.self) : ""
    let path = target.prefix { $0 != "?" }.lowercased()
    if !target.hasPrefix("/") || target.utf8.contains(where: { $0 <= 0x20 || $0 >= 0x7f }) || target.contains("#") {
      found.append("target \(target.prefix(80))")
    }
    for part in ["//", "/./", "/../", "%00", "%2f", "%5c", "%2e", "\\", ";"] where path.contains(part) {
      found.append("path with \(part)")
    }
    if path.hasSuffix("/..") || path.hasSuffix("/.") { found.append("path ends in a dot segment") }
    let head = lines.reduce(2) { $0 + $1.count + 2 }
    if head > 20 * 1024 || lines.count > 80 || target.utf8.count > 4096 { found.append("unbounded head") }
    return found
  }
}
