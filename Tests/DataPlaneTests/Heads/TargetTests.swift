import Testing

@testable import DataPlane

@Suite struct `A request target` {
  private func path(_ target: String) -> ParsedHead { ParsedHead("GET \(target) HTTP/1.1\r\nHost: a\r\n\r\n") }

  @Test(arguments: [
    "/", "/a", "/a/", "/a/b.c/d..e", "/...", "/a/.hidden", "/a:b@c!$&'()*+,=~_-", "/a%20b", "/%C3%A9", "/a?x=//../%2f;",
    "/a?", "/a??", "/a?x=1&y=%00", "/%252e",
  ])
  func `that means one thing everywhere is accepted as it is`(target: String) throws {
    #expect(try #require(path(target).summary).target == target)
  }

  @Test(arguments: [
    "//", "//a", "/a//b", "/.", "/..", "/a/./b", "/a/../b", "/a/..", "/a/.", "/a;b", "/a\\b", "/a%2fb", "/a%2Fb",
    "/%2e%2e/a",
    "/a%5cb", "/a%00", "/a%0d", "/a%7f", "/a%3bb", "/..;/a",
  ])
  func `that proxies and servers resolve differently is refused, never repaired`(target: String) {
    #expect(path(target).problem == .pathConfusion)
  }

  @Test(arguments: [
    "/a#b", "/a?b#c", "/a%", "/a%2", "/a%zz", "/a\"b", "/a<b>", "/a|b", "/a^b", "/a`b", "/{a}", "/é", "a", "*",
    "http://a",
    "http:///x", "http://a?x", "ftp://a/",
  ])
  func `with bytes or forms that do not belong there is refused`(target: String) {
    #expect(path(target).problem == .target)
  }

  @Test(arguments: [
    ("a", true), ("a.test", true), ("A-1_b.test:80", true), ("[::1]", true), ("[::1]:4018", true), ("1.2.3.4", true),
    ("[::1", false), ("::1", false), ("[]", false), ("[::g]", false), ("a:", false), ("a:0", false), ("a:65536", false),
    ("a:8a", false), ("a b", false), ("a%2e", false), (":80", false), ("a]", false), ("[::1]x", false),
  ])
  func `goes to a host that is a name or an address with an optional port`(host: String, isValid: Bool) {
    let bytes = Array(host.utf8)
    #expect(HostSyntax.isValid(bytes.span, 0..<bytes.count) == isValid)
  }
}
