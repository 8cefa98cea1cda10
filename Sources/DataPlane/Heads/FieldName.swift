/// The header fields the gateway treats in a way of its own; everything else is `other` and forwarded as it is.
enum FieldName: UInt8 {
  case other
  // Framing and connection management: hop-by-hop (RFC 9110 §7.6.1), never forwarded.
  case host, contentLength, transferEncoding, connection, keepAlive, proxyConnection, te, trailer, upgrade
  case proxyAuthenticate, proxyAuthorization
  case expect
  // Read by the pipeline.
  case authorization, requestID, traceparent, tracestate, cookie
  /// Answers only.
  case date
  // Replaced by ours.
  case forwarded, forwardedFor, forwardedProto, forwardedHost, via
  // Identity that only a verified token may state.
  case identity
}

extension FieldName {
  /// Classifies a request field name. `range` is non-empty and holds token bytes only.
  static func request(_ bytes: Span<UInt8>, _ range: Range<Int>) -> FieldName {
    let start = range.lowerBound
    switch range.count {
    case 2: return ByteScan.matches(bytes, at: start, "te") ? .te : .other
    case 3: return ByteScan.matches(bytes, at: start, "via") ? .via : .other
    case 4: return ByteScan.matches(bytes, at: start, "host") ? .host : .other
    case 6:
      if ByteScan.matches(bytes, at: start, "cookie") { return .cookie }
      if ByteScan.matches(bytes, at: start, "expect") { return .expect }
    case 7:
      if ByteScan.matches(bytes, at: start, "upgrade") { return .upgrade }
      if ByteScan.matches(bytes, at: start, "trailer") { return .trailer }
    case 9: if ByteScan.matches(bytes, at: start, "forwarded") { return .forwarded }
    case 10:
      if ByteScan.matches(bytes, at: start, "connection") { return .connection }
      if ByteScan.matches(bytes, at: start, "keep-alive") { return .keepAlive }
      if ByteScan.matches(bytes, at: start, "tracestate") { return .tracestate }
    case 11: if ByteScan.matches(bytes, at: start, "traceparent") { return .traceparent }
    case 12: if ByteScan.matches(bytes, at: start, "x-request-id") { return .requestID }
    case 13: if ByteScan.matches(bytes, at: start, "authorization") { return .authorization }
    case 14: if ByteScan.matches(bytes, at: start, "content-length") { return .contentLength }
    case 15: if ByteScan.matches(bytes, at: start, "x-forwarded-for") { return .forwardedFor }
    case 16:
      if ByteScan.matches(bytes, at: start, "proxy-connection") { return .proxyConnection }
      if ByteScan.matches(bytes, at: start, "x-forwarded-host") { return .forwardedHost }
    case 17:
      if ByteScan.matches(bytes, at: start, "transfer-encoding") { return .transferEncoding }
      if ByteScan.matches(bytes, at: start, "x-forwarded-proto") { return .forwardedProto }
    case 18: if ByteScan.matches(bytes, at: start, "proxy-authenticate") { return .proxyAuthenticate }
    case 19: if ByteScan.matches(bytes, at: start, "proxy-authorization") { return .proxyAuthorization }
    default: break
    }
    return isIdentity(bytes, range) ? .identity : .other
  }

  /// Beginnings of names that could tell an upstream who the caller is, or another target than the one that was
  /// authorized: our own, and those other gateways set and applications read. Names with other bytes than letters,
  /// digits and hyphens never get this far.
  private static func isIdentity(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
    let start = range.lowerBound
    func begins(_ prefix: StaticString) -> Bool {
      prefix.utf8CodeUnitCount <= range.count && ByteScan.matches(bytes, at: start, prefix)
    }
    guard range.count >= 6 else { return false }
    guard bytes[start + 1] == UInt8(ascii: "-"), bytes[start] | 0x20 == UInt8(ascii: "x") else {
      return begins("remote-")
    }
    return switch bytes[start + 2] | 0x20 {
    case UInt8(ascii: "t"): begins("x-tenant")
    case UInt8(ascii: "u"): begins("x-user")
    case UInt8(ascii: "r"): begins("x-role") || begins("x-remote-") || begins("x-real-ip") || begins("x-rewrite-")
    case UInt8(ascii: "a"): begins("x-act-as") || begins("x-acting-as") || begins("x-auth-request-")
    case UInt8(ascii: "f"): begins("x-forwarded-")
    case UInt8(ascii: "b"): begins("x-breakwater-")
    case UInt8(ascii: "o"): begins("x-original-")
    default: false
    }
  }

  /// Classifies a response field name: framing and hop-by-hop fields, our own id, `Via`.
  static func response(_ bytes: Span<UInt8>, _ range: Range<Int>) -> FieldName {
    let start = range.lowerBound
    switch range.count {
    case 3: return ByteScan.matches(bytes, at: start, "via") ? .via : .other
    case 4: return ByteScan.matches(bytes, at: start, "date") ? .date : .other
    case 7:
      if ByteScan.matches(bytes, at: start, "upgrade") { return .upgrade }
      if ByteScan.matches(bytes, at: start, "trailer") { return .trailer }
    case 10:
      if ByteScan.matches(bytes, at: start, "connection") { return .connection }
      if ByteScan.matches(bytes, at: start, "keep-alive") { return .keepAlive }
    case 12: if ByteScan.matches(bytes, at: start, "x-request-id") { return .requestID }
    case 14: if ByteScan.matches(bytes, at: start, "content-length") { return .contentLength }
    case 16: if ByteScan.matches(bytes, at: start, "proxy-connection") { return .proxyConnection }
    case 17: if ByteScan.matches(bytes, at: start, "transfer-encoding") { return .transferEncoding }
    case 18: if ByteScan.matches(bytes, at: start, "proxy-authenticate") { return .proxyAuthenticate }
    default: break
    }
    return .other
  }
}
