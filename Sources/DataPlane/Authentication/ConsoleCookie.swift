/// The console's session cookie, and the check that keeps other sites from using it.
package enum ConsoleCookie {
  package static let name = "bw_session"

  /// The routes a browser's session reaches: the console's own, never a tenant's.
  static func mayOpen(_ template: String) -> Bool {
    template.hasPrefix("/admin") || template == "/stream/v1/admin" || template.hasPrefix("/prometheus/")
  }

  /// A `Cookie` value without the console's session, for the upstream; nil when nothing else is in it.
  static func withoutSession(_ bytes: Span<UInt8>, _ value: Range<Int>) -> [UInt8]? {
    var kept: [UInt8] = []
    var start = value.lowerBound
    while start < value.upperBound {
      var end = start
      while end < value.upperBound, bytes[end] != UInt8(ascii: ";") { end += 1 }
      let pair = FieldSyntax.trimmed(bytes, start..<end)
      if !pair.isEmpty, !ByteScan.matches(bytes, at: pair.lowerBound, "bw_session=") {
        if !kept.isEmpty { kept += "; ".utf8 }
        kept.append(contentsOf: bytes.extracting(pair))
      }
      start = end + 1
    }
    return kept.isEmpty ? nil : kept
  }

  /// Whether a `Cookie` value has the console's session among its pairs.
  static func isPresent(in bytes: Span<UInt8>, _ value: Range<Int>) -> Bool {
    sessionValue(in: bytes, value) != nil
  }

  /// The session id in a `Cookie` header value (RFC 6265 §5.4); nil without one.
  static func session(in bytes: Span<UInt8>, _ value: Range<Int>) -> String? {
    sessionValue(in: bytes, value).map { String(decoding: Array(copying: bytes.extracting($0)), as: UTF8.self) }
  }

  private static func sessionValue(in bytes: Span<UInt8>, _ value: Range<Int>) -> Range<Int>? {
    var start = value.lowerBound
    while start < value.upperBound {
      var end = start
      while end < value.upperBound, bytes[end] != UInt8(ascii: ";") { end += 1 }
      let pair = FieldSyntax.trimmed(bytes, start..<end)
      if pair.count > 11, ByteScan.matches(bytes, at: pair.lowerBound, "bw_session=") {
        return (pair.lowerBound + 11)..<pair.upperBound
      }
      start = end + 1
    }
    return nil
  }

  /// Whether `Origin` is present, alone, and names the host the request was sent to, over TLS if that was.
  static func isSameOrigin(_ head: RequestHead, _ fields: [Field], _ bytes: Span<UInt8>, isSecure: Bool) -> Bool {
    let origins = fields.filter { FieldSyntax.equals(bytes, $0.name, "origin") }
    guard origins.count == 1, let host = head.host else { return false }
    let origin = origins[0].value
    let scheme = ByteScan.matches(bytes, at: origin.lowerBound, "https://") ? 8 : 7
    guard scheme == 8 || (!isSecure && ByteScan.matches(bytes, at: origin.lowerBound, "http://")), origin.count > scheme
    else {
      return false
    }
    return FieldSyntax.equal(bytes, (origin.lowerBound + scheme)..<origin.upperBound, host)
  }
}
