import NIOCore

/// What an upstream is told about the client's connection: `Forwarded` (RFC 7239) and its older spellings.
/// What the client claimed is replaced; the parts that never change on a connection are made once.
struct ForwardedLines {
  /// `Forwarded: for=…;proto=…` without the host and the line end.
  private let forwarded: [UInt8]
  /// The `X-Forwarded-For` and `X-Forwarded-Proto` lines, whole.
  private let older: [UInt8]

  init(peer: String, isSecure: Bool) {
    let proto = isSecure ? "https" : "http"
    let node = peer.contains(":") ? "\"[\(peer)]\"" : peer
    forwarded = Array("Forwarded: for=\(node);proto=\(proto)".utf8)
    older = Array("X-Forwarded-For: \(peer)\r\nX-Forwarded-Proto: \(proto)\r\n".utf8)
  }

  func append(to out: inout ByteBuffer, host: Range<Int>?, in bytes: Span<UInt8>) {
    out.writeBytes(forwarded)
    if let host {
      out.writeStaticString(";host=\"")
      out.writeBytes(bytes.bytes.extracting(host))
      out.writeStaticString("\"\r\n")
      out.writeBytes(older)
      out.writeStaticString("X-Forwarded-Host: ")
      out.writeBytes(bytes.bytes.extracting(host))
    } else {
      out.writeStaticString("\r\n")
      out.writeBytes(older.dropLast(2))
    }
    out.writeStaticString("\r\n")
  }
}
