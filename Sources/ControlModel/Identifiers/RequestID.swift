// public: made and read once per request.

/// Names one request on every response, log line, upstream call and audit row. Never the trace id.
///
/// A client's own value is kept when it is 8–128 bytes of `[A-Za-z0-9._-]`; else one is minted (UUIDv7, RFC 9562).
public struct RequestID: Hashable, Sendable, CustomStringConvertible {
  public let text: String

  public static var bytesMin: Int { 8 }
  public static var bytesMax: Int { 128 }

  public init?(_ text: some StringProtocol) {
    let bytes = text.utf8
    guard (Self.bytesMin...Self.bytesMax).contains(bytes.count), bytes.allSatisfy(IDAlphabet.contains) else {
      return nil
    }
    self.text = String(text)
  }

  /// For a value that was checked as bytes, on the request path. Precondition: it satisfies `init(_:)`.
  @inlinable
  public init(checked text: String) {
    self.text = text
  }

  public var description: String { text }
}
