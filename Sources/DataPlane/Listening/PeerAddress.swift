import NIOCore
import Telemetry

/// Where a request comes from, and what an upstream is told about it. The parts that never change on a connection are
/// made once.
final class PeerAddress: Sendable {
  /// An IP address.
  let text: String
  /// What limits and caps are counted per: the address, or the /64 of an IPv6 address, whose holder has all of it.
  let limitKey: String
  /// Whether it is a proxy of ours, whose word on the client's address is taken.
  let isTrusted: Bool
  /// Whether what the client sends cannot be read or changed on its way.
  let isSecure: Bool
  /// `Forwarded: for=…;proto=…` (RFC 7239) without the host and the line end.
  private let forwarded: [UInt8]
  /// Its older spellings: the `X-Forwarded-For` and `X-Forwarded-Proto` lines, whole.
  private let older: [UInt8]

  static let unknown = PeerAddress("unknown", trusting: [])

  init(_ address: String, isSecure: Bool = false, trusting proxies: [AddressBlock]) {
    // An IPv4 client of a socket that listens on `::`.
    text = AddressBlock.withoutMapping(address)
    limitKey = AddressBlock.holder(of: text)
    self.isSecure = isSecure
    let text = text
    isTrusted = !proxies.isEmpty && proxies.contains { $0.contains(text) }
    let proto = isSecure ? "https" : "http"
    let node = text.contains(":") ? "\"[\(text)]\"" : text
    forwarded = Array("Forwarded: for=\(node);proto=\(proto)".utf8)
    older = Array("X-Forwarded-For: \(text)\r\nX-Forwarded-Proto: \(proto)\r\n".utf8)
  }

  convenience init(_ address: SocketAddress, isSecure: Bool, trusting proxies: [AddressBlock]) {
    self.init(address.ipAddress ?? "unix", isSecure: isSecure, trusting: proxies)
  }

  /// What the client claimed about itself is replaced by this.
  func appendForwarded(to out: inout ByteWriter, host: Range<Int>?, in bytes: Span<UInt8>) {
    out.append(forwarded)
    if let host {
      out.append(";host=\"")
      out.append(bytes.extracting(host))
      out.append("\"\r\n")
      out.append(older)
      out.append("X-Forwarded-Host: ")
      out.append(bytes.extracting(host))
      out.append("\r\n")
    } else {
      out.append("\r\n")
      out.append(older)
    }
  }
}
