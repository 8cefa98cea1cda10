import Telemetry
import Testing

@testable import DataPlane

@Suite struct `A client's address` {
  @Test(arguments: [
    ("10.0.0.0/8", "10.255.0.1", true), ("10.0.0.0/8", "11.0.0.1", false), ("192.0.2.7", "192.0.2.7", true),
    ("192.0.2.7", "192.0.2.8", false), ("0.0.0.0/0", "8.8.8.8", true), ("fd00::/8", "fdab::1", true),
    ("fd00::/8", "fe00::1", false),
    ("::1", "::1", true), ("::1", "0:0:0:0:0:0:0:1", true), ("10.0.0.0/8", "::1", false),
    ("10.0.0.0/9", "10.127.255.255", true),
    ("10.0.0.0/9", "10.128.0.0", false), ("10.0.0.0/8", "garbage", false),
  ])
  func `is in a block or not`(block: String, address: String, isInside: Bool) throws {
    #expect(try #require(AddressBlock(block)).contains(address) == isInside)
  }

  @Test(arguments: [
    "", "10.0.0", "10.0.0.0/33", "10.0.0.256", "10.0.0.0/x", "1:2", ":::", "::/129", "10.0.0.0/8/8", "01234::",
  ])
  func `must be one to make a block`(text: String) {
    #expect(AddressBlock(text) == nil)
  }

  @Test func `counts as its /64 where limits are concerned, if it is IPv6`() {
    #expect(PeerAddress("192.0.2.1", trusting: []).limitKey == "192.0.2.1")
    #expect(PeerAddress("2001:db8::1", trusting: []).limitKey == PeerAddress("2001:db8::ffff:2", trusting: []).limitKey)
    #expect(PeerAddress("2001:db8::1", trusting: []).limitKey != PeerAddress("2001:db8:0:1::1", trusting: []).limitKey)
    #expect(PeerAddress("::ffff:192.0.2.1", trusting: []).text == "192.0.2.1")
  }

  static let proxies = ["10.0.0.0/8", "fd00::/8"].compactMap { AddressBlock($0) }

  @Test(arguments: [
    ("X-Forwarded-For: 203.0.113.9", "203.0.113.9"), ("X-Forwarded-For: 1.1.1.1, 203.0.113.9, 10.1.1.1", "203.0.113.9"),
    ("X-Forwarded-For: evil, 203.0.113.9", "203.0.113.9"), ("X-Forwarded-For: 203.0.113.9, evil", "10.0.0.1"),
    ("X-Forwarded-For: 10.2.2.2, 10.3.3.3", "10.2.2.2"), ("X-Forwarded-For: 0.0.0.0/0", "10.0.0.1"),
    ("X-Forwarded-For:", "10.0.0.1"),
    ("X-Other: 203.0.113.9", "10.0.0.1"), ("X-Forwarded-For: 1.1.1.1\r\nX-Forwarded-For: 203.0.113.9", "203.0.113.9"),
    ("X-Forwarded-For: 2001:db8::7", "2001:db8::7"),
  ])
  func `behind a trusted proxy is the last one the proxies did not add themselves`(line: String, client: String) throws
  {
    let bytes = Array("GET / HTTP/1.1\r\nHost: a\r\n\(line)\r\n\r\n".utf8)
    var parser = RequestHeadParser(limits: HeadLimits())
    _ = try #require(try parser.parse(bytes.span))
    let proxy = PeerAddress("10.0.0.1", trusting: Self.proxies)
    #expect(proxy.isTrusted)
    #expect(proxy.client(parser.fields, bytes.span, Self.proxies).text == client)
  }

  @Test func `is told to upstreams in the standard field and its older spellings`() {
    func lines(_ address: String, isSecure: Bool, host: String?) -> String {
      var out = ByteWriter()
      let bytes = Array((host ?? "").utf8)
      PeerAddress(address, isSecure: isSecure, trusting: [])
        .appendForwarded(to: &out, host: host == nil ? nil : 0..<bytes.count, in: bytes.span)
      return String(decoding: out.bytes, as: UTF8.self)
    }
    #expect(
      lines("192.0.2.1", isSecure: false, host: "a.test:80")
        == "Forwarded: for=192.0.2.1;proto=http;host=\"a.test:80\"\r\nX-Forwarded-For: 192.0.2.1\r\n"
        + "X-Forwarded-Proto: http\r\nX-Forwarded-Host: a.test:80\r\n")
    #expect(
      lines("2001:db8::1", isSecure: true, host: nil)
        == "Forwarded: for=\"[2001:db8::1]\";proto=https\r\nX-Forwarded-For: 2001:db8::1\r\nX-Forwarded-Proto: https\r\n"
    )
  }
}
