import NIOCore
import NIOHPACK

/// Writes the header list of an HTTP/2 request as the head of an HTTP/1.1 request, so that one parser judges both.
/// Checked here is what only HTTP/2 can say (RFC 9113 §8.2 and §8.3) and what would read differently once written in lines.
enum HTTP2RequestHead {
  /// What frames the body that follows.
  enum Body: Equatable {
    case none
    case length(Int)
    case chunked
  }

  /// - Parameters:
  ///   - hasBody: whether the stream goes on after the header list.
  ///   - scheme: that of the connection.
  static func write(
    _ headers: HPACKHeaders, hasBody: Bool, scheme: String, to out: inout ByteBuffer
  ) throws(HeadProblem) -> Body {
    let pseudo = try Pseudo(headers)
    guard pseudo.scheme == scheme, pseudo.path.utf8.first == slash else { throw .target }
    out.writeString(pseudo.method)
    out.writeInteger(space)
    out.writeString(pseudo.path)
    out.writeStaticString(" HTTP/1.1\r\n")
    var body = Body.none
    var host = pseudo.authority
    var hasCookies = false
    for (name, value, _) in headers where name.utf8.first != colon {
      switch name {
      // Connection-specific fields have no place in a stream (RFC 9113 §8.2.2).
      case "connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade", "http2-settings":
        throw .connectionField
      case "te":
        guard value == "trailers" else { throw .connectionField }
        continue
      case "host":
        if let host, !equal(host, value) { throw pseudo.authority == nil ? .hostDuplicate : .hostMismatch }
        host = value
        continue
      case "cookie":
        hasCookies = true
        continue
      case "content-length":
        guard body == .none, let length = decimal(value), hasBody || length == 0 else { throw .contentLength }
        body = .length(length)
      default: break
      }
      out.writeString(name)
      out.writeStaticString(": ")
      out.writeString(value)
      out.writeStaticString("\r\n")
    }
    if let host { write("Host", host, to: &out) }
    if hasCookies {
      // Clients may send one field a pair (RFC 9113 §8.2.3).
      let pairs = headers.filter { $0.name == "cookie" }.map(\.value)
      write("Cookie", pairs.joined(separator: "; "), to: &out)
    }
    if hasBody, body == .none {
      body = .chunked
      out.writeStaticString("Transfer-Encoding: chunked\r\n")
    }
    // A stream carries one request.
    out.writeStaticString("Connection: close\r\n\r\n")
    return hasBody ? body : .none
  }

  private static func write(_ name: StaticString, _ value: String, to out: inout ByteBuffer) {
    out.writeStaticString(name)
    out.writeStaticString(": ")
    out.writeString(value)
    out.writeStaticString("\r\n")
  }

  private static func equal(_ a: String, _ b: String) -> Bool {
    a.utf8.count == b.utf8.count
      && zip(a.utf8, b.utf8).allSatisfy { ByteScan.lowercased($0) == ByteScan.lowercased($1) }
  }

  private static func decimal(_ text: String) -> Int? {
    guard (1...15).contains(text.utf8.count), text.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
    return Int(text)
  }

  /// The pseudo-header fields of a request, each at most once and before every other field; and the check of every name
  /// and value as bytes.
  private struct Pseudo {
    var method = ""
    var scheme = ""
    var path = ""
    var authority: String?

    init(_ headers: HPACKHeaders) throws(HeadProblem) {
      var isPast = false
      for (name, value, _) in headers {
        guard Self.isFieldValue(value) else { throw .fieldValue }
        guard name.utf8.first == colon else {
          guard Self.isFieldName(name) else { throw .fieldName }
          isPast = true
          continue
        }
        guard !isPast else { throw .pseudoField }
        switch name {
        case ":method" where method.isEmpty: method = value
        case ":scheme" where scheme.isEmpty: scheme = value
        case ":path" where path.isEmpty: path = value
        case ":authority" where authority == nil: authority = value
        default: throw .pseudoField
        }
      }
      guard !method.isEmpty, !scheme.isEmpty, !path.isEmpty else { throw .pseudoField }
    }

    /// Token bytes without capitals (RFC 9113 §8.2).
    private static func isFieldName(_ name: String) -> Bool {
      !name.isEmpty
        && name.utf8.allSatisfy {
          ByteScan.isToken($0) && !(UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0)
        }
    }

    /// Nothing that ends a line or a string, no white space around it (RFC 9113 §8.2.1).
    private static func isFieldValue(_ value: String) -> Bool {
      let bytes = value.utf8
      guard bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7f || $0 == tab }) else { return false }
      guard let first = bytes.first, let last = bytes.last else { return true }
      return first != space && first != tab && last != space && last != tab
    }
  }
}
