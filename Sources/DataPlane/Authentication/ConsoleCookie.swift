/// The console's session cookie, and the check that keeps other sites from using it.
package enum ConsoleCookie {
  package static let name = "bw_session"

  /// The session id in a `Cookie` header value (RFC 6265 §5.4); nil without one.
  static func session(in bytes: Span<UInt8>, _ value: Range<Int>) -> String? {
    var start = value.lowerBound
    while start < value.upperBound {
      var end = start
      while end < value.upperBound, bytes[end] != UInt8(ascii: ";") { end += 1 }
      let pair = FieldSyntax.trimmed(bytes, start..<end)
      if pair.count > 11, ByteScan.matches(bytes, at: pair.lowerBound, "bw_session=") {
        return String(
          decoding: Array(copying: bytes.extracting((pair.lowerBound + 11)..<pair.upperBound)), as: UTF8.self)
      }
      start = end + 1
    }
    return nil
  }

  /// Whether `Origin` is present, alone, and names the host the request was sent to.
  static func isSameOrigin(_ head: RequestHead, _ fields: [Field], _ bytes: Span<UInt8>) -> Bool {
    let origins = fields.filter { FieldSyntax.equals(bytes, $0.name, "origin") }
    guard origins.count == 1, let host = head.host else { return false }
    let origin = origins[0].value
    let scheme = ByteScan.matches(bytes, at: origin.lowerBound, "https://") ? 8 : 7
    guard scheme == 8 || ByteScan.matches(bytes, at: origin.lowerBound, "http://"), origin.count > scheme else {
      return false
    }
    return FieldSyntax.equal(bytes, (origin.lowerBound + scheme)..<origin.upperBound, host)
  }
}
