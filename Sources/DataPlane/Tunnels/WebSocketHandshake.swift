import ControlModel
import Crypto

/// The opening handshake of WebSocket (RFC 6455 §4), read strictly on both sides: bytes pass unread only after both have
/// really agreed to it.
enum WebSocketHandshake {
  /// The client's `Sec-WebSocket-Key`. Refuses with `websocket.handshake` what is not a whole handshake.
  static func key(_ fields: [Field], _ bytes: Span<UInt8>) throws(Refusal) -> [UInt8] {
    guard let version = only("sec-websocket-version", fields, bytes), FieldSyntax.equals(bytes, version, "13") else {
      throw Refusal(.websocketHandshake, "Send `Sec-WebSocket-Version: 13`, once.")
    }
    guard let key = only("sec-websocket-key", fields, bytes), isKey(bytes, key) else {
      throw Refusal(.websocketHandshake, "Send `Sec-WebSocket-Key` once: sixteen random bytes in base64.")
    }
    return [UInt8](copying: bytes.extracting(key))
  }

  /// Whether an upstream's 101 is the answer to a handshake with this key.
  static func isAccepted(_ head: ResponseHead, _ fields: [Field], _ bytes: Span<UInt8>, key: [UInt8]) -> Bool {
    guard head.contentLength == nil, !fields.contains(where: { $0.kind == .transferEncoding }),
      let upgrade = only("upgrade", fields, bytes), FieldSyntax.equals(bytes, upgrade, "websocket"),
      let accept = only("sec-websocket-accept", fields, bytes)
    else { return false }
    var isUpgrade = false
    for field in fields where field.kind == .connection {
      FieldSyntax.forEachElement(bytes, field.value) { element in
        if FieldSyntax.equals(bytes, element, "upgrade") { isUpgrade = true }
      }
    }
    return isUpgrade && [UInt8](copying: bytes.extracting(accept)) == self.accept(for: key)
  }

  /// `Sec-WebSocket-Accept` (RFC 6455 §4.2.2). SHA-1 proves nothing here but that the answer was meant for this request.
  static func accept(for key: [UInt8]) -> [UInt8] {
    base64(Array(Insecure.SHA1.hash(data: key + Array("258EAFA5-E914-47DA-95CA-C5AB0DC85B11".utf8))))
  }

  /// The value of a field that is there exactly once.
  private static func only(_ name: StaticString, _ fields: [Field], _ bytes: Span<UInt8>) -> Range<Int>? {
    var found: Range<Int>?
    for field in fields where field.kind != .keepAlive && FieldSyntax.equals(bytes, field.name, name) {
      guard found == nil else { return nil }
      found = field.value
    }
    return found
  }

  /// 16 bytes in base64: 22 characters, of the last only two bits, and `==`.
  private static func isKey(_ bytes: Span<UInt8>, _ key: Range<Int>) -> Bool {
    guard key.count == 24, FieldSyntax.equals(bytes, (key.upperBound - 2)..<key.upperBound, "==") else { return false }
    var last: Int?
    for index in key.dropLast(2) {
      last = alphabet.firstIndex(of: bytes[index])
      if last == nil { return false }
    }
    return last.map { $0 & 0xf == 0 } ?? false
  }

  private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  private static func base64(_ bytes: [UInt8]) -> [UInt8] {
    var text: [UInt8] = []
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let group = bytes[start..<min(start + 3, bytes.count)]
      let bits = group.enumerated().reduce(0) { $0 | Int($1.element) << (16 - 8 * $1.offset) }
      for place in 0..<4 {
        text.append(place <= group.count ? alphabet[bits >> (18 - 6 * place) & 0x3f] : UInt8(ascii: "="))
      }
    }
    return text
  }
}
