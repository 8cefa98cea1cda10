/// A request head that passed every check: ranges into the bytes it was parsed from, and what they mean together.
struct RequestHead {
  var method = Method.get
  var methodRange = 0..<0
  /// What goes upstream as request target, in origin form, and what routes are matched against: one and the same.
  var target = 0..<0
  /// The target up to, not including, `?`.
  var path = 0..<0
  /// After `?`; empty when there is none.
  var query = 0..<0
  var isHTTP10 = false
  var host: Range<Int>?
  var authorization: Range<Int>?
  /// The client's own request id, unchecked. Nil when absent or sent twice.
  var requestID: Range<Int>?
  var traceparent: Range<Int>?
  var cookie: Range<Int>?
  var framing = BodyFraming.none
  var isKeptAlive = true
  var expectsContinue = false
  /// It asks, in a form that could be granted, to go on as WebSocket.
  var asksForWebSocket = false
  /// Fields left out because their name holds other bytes than letters, digits and hyphens: `_` and, in some upstreams,
  /// every other mark is read as `-`.
  var ambiguousFields = 0
  /// Identity fields a client tried to set.
  var identityFields = 0
  /// Bytes of the head, its empty line included.
  var length = 0
}

/// How the end of a body is found (RFC 9112 §6).
enum BodyFraming: Equatable {
  case none
  case length(Int)
  case chunked
  /// Until the connection closes; answers only.
  case untilClose
}

/// Request methods the product routes. `other` is well-formed and matches no route.
package enum Method: UInt8, CaseIterable, Sendable {
  case get, head, post, put, patch, delete, options, other

  package var text: String { name.description }

  private var name: StaticString {
    switch self {
    case .get: "GET"
    case .head: "HEAD"
    case .post: "POST"
    case .put: "PUT"
    case .patch: "PATCH"
    case .delete: "DELETE"
    case .options: "OPTIONS"
    case .other: "OTHER"
    }
  }

  /// RFC 9110 §9.2.2: sending it twice has the effect of sending it once.
  var isIdempotent: Bool {
    switch self {
    case .get, .head, .put, .delete, .options: true
    case .post, .patch, .other: false
    }
  }

  /// RFC 9110 §8.6: without content it says `Content-Length: 0`.
  var expectsContent: Bool { self == .post || self == .put || self == .patch }

  /// RFC 9110 §9.2.1: it asks for nothing to change.
  package var isSafe: Bool { self == .get || self == .head || self == .options }

  init(_ bytes: Span<UInt8>, _ range: Range<Int>) {
    self = .other
    for method in Self.allCases where method != .other && Self.spells(method.name, bytes, range) { self = method }
  }

  private static func spells(_ name: StaticString, _ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
    guard name.utf8CodeUnitCount == range.count else { return false }
    return name.withUTF8Buffer { name in
      for offset in 0..<name.count where bytes[range.lowerBound + offset] != name[offset] { return false }
      return true
    }
  }
}

/// One field line: where its name and value are, and which field it is.
struct Field {
  let name: Range<Int>
  let value: Range<Int>
  let kind: FieldName
}

/// Largest heads accepted. Every bound is per request; the product of head bytes and connections bounds memory.
package struct HeadLimits: Sendable {
  /// Twice what browsers and SDKs send with an 8 KiB token.
  package var headBytesMax = 16 * 1024
  package var targetBytesMax = 4 * 1024
  package var fieldsMax = 64
  package static let methodBytesMax = 16
  /// Method, target and version; the target alone may take its limit.
  var requestLineBytesMax: Int { targetBytesMax + 32 }

  package init() {}
}
