import Testing

@testable import DataPlane

@Suite struct `The console's session cookie` {
  private func session(_ value: String) -> String? {
    let bytes = Array(value.utf8)
    return ConsoleCookie.session(in: bytes.span, 0..<bytes.count)
  }

  private func kept(_ value: String) -> String? {
    let bytes = Array(value.utf8)
    return ConsoleCookie.withoutSession(bytes.span, 0..<bytes.count).map { String(decoding: $0, as: UTF8.self) }
  }

  @Test(
    arguments: [
      ("bw_session=abc", "abc"), ("a=b; bw_session=abc; c=d", "abc"), ("a=b;bw_session=abc", "abc"),
      ("bw_session=a=b", "a=b"),
      ("bw_session=one; bw_session=two", "one"), ("a=b", nil), ("bw_session=", nil), ("xbw_session=abc", nil),
      ("", nil), (";;", nil),
    ] as [(String, String?)])
  func `is found among the others`(value: String, expected: String?) {
    #expect(session(value) == expected)
  }

  @Test(
    arguments: [
      ("bw_session=abc", nil), ("a=b; bw_session=abc; c=d", "a=b; c=d"), ("bw_session=abc; a=b", "a=b"), ("a=b", "a=b"),
      ("bw_session=x; bw_session=y; a", "a"), ("BW_Session=x; a=b", "a=b"),
    ] as [(String, String?)])
  func `is taken out of what upstreams see`(value: String, expected: String?) {
    #expect(kept(value) == expected)
  }

  @Test(arguments: [
    ("/admin/status", true), ("/admin/halt", true), ("/stream/v1/admin", true), ("/prometheus/api/v1/query", true),
    ("/api/v1/orders", false), ("/stream/v1/trading", false), ("/metrics", false),
  ])
  func `opens the console's own routes and no tenant's`(template: String, isOpen: Bool) {
    #expect(ConsoleCookie.mayOpen(template) == isOpen)
  }

  @Test(arguments: [
    ("Origin: http://a.test", true), ("Origin: https://a.test", true), ("Origin: http://A.TEST", true),
    ("Origin: http://evil.test", false),
    ("Origin: null", false), ("Origin: http://a.test.evil", false), ("Origin: http://a.test:81", false),
    ("X: y", false),
    ("Origin: http://a.test\r\nOrigin: http://a.test", false), ("Origin: ftp://a.test", false),
    ("Origin: http://", false),
  ])
  func `counts for a change only from pages of the same origin`(line: String, isSame: Bool) throws {
    let bytes = Array("POST / HTTP/1.1\r\nHost: a.test\r\n\(line)\r\n\r\n".utf8)
    var parser = RequestHeadParser(limits: HeadLimits())
    let head = try #require(try parser.parse(bytes.span))
    #expect(ConsoleCookie.isSameOrigin(head, parser.fields, bytes.span, isSecure: false) == isSame)
  }
}
