import Testing

@testable import DataPlane

@Suite struct `An upstream's answer head` {
  private func parse(_ text: String, to method: Method = .get) throws(ResponseProblem) -> ResponseHead? {
    var parser = ResponseHeadParser()
    return try parser.parse(Array(text.utf8).span, answering: method)
  }

  @Test func `is read into status, reason and framing`() throws {
    let text = "HTTP/1.1 404 Not  Found!\r\nContent-Length: 7\r\n\r\n"
    let head = try #require(try parse(text))
    #expect(head.status == 404)
    #expect(String(decoding: Array(text.utf8)[head.reason], as: UTF8.self) == "Not  Found!")
    #expect(head.framing == .length(7))
    #expect(head.isKeptAlive)
    #expect(head.length == text.utf8.count)
    #expect(try parse("HTTP/1.1 200\r\n\r\n")?.status == 200)
    #expect(try parse("HTTP/1.1 200 \r\n\r\n")?.status == 200)
  }

  @Test(arguments: [
    ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", Method.get, BodyFraming.chunked, true),
    ("HTTP/1.1 200 OK\r\n\r\n", .get, .untilClose, false),
    ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", .get, .none, true),
    ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", .head, .none, true),
    ("HTTP/1.1 204 No Content\r\n\r\n", .get, .none, true),
    ("HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\n", .get, .none, true),
    ("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", .get, .none, true),
    ("HTTP/1.1 100 Continue\r\n\r\n", .get, .none, true),
    ("HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n", .get, .length(5), false),
    ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n", .get, .length(5), false),
  ])
  func `tells where its body ends and whether the connection can be used again`(
    text: String, method: Method, framing: BodyFraming, isKept: Bool
  ) throws {
    let head = try #require(try parse(text, to: method))
    #expect(head.framing == framing)
    #expect(head.isKeptAlive == isKept)
  }

  @Test(arguments: [
    "HTTP/1.1 200 OK\nContent-Length: 0\n\n", "HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n",
    "HTTP/1.1 099 No\r\n\r\n",
    "HTTP/2 200\r\n\r\n", "HTTP/1.1  200 OK\r\n\r\n", "http/1.1 200 OK\r\n\r\n", "garbage\r\n\r\n",
    "HTTP/1.1 200 O\0K\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
    "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.1 200 OK\r\nX: a\r\n folded\r\n\r\n",
    "HTTP/1.1 200 OK\r\nX : a\r\n\r\n", "HTTP/1.1 200 OK\r\nX: a\rb\r\n\r\n", "HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n",
    "HTTP/1.1 200 OK\r\n: a\r\n\r\n", "HTTP/1.1 200 OK\r\nX: a\r\n\rY\r\n\r\n",
  ])
  func `that could be read in two ways is not passed on`(text: String) {
    #expect(throws: ResponseProblem.self) { try parse(text) }
  }

  @Test func `has bounds`() {
    let long = String(repeating: "v", count: 65 * 1024)
    #expect(throws: ResponseProblem.self) { try parse("HTTP/1.1 200 OK\r\nX: \(long)") }
    #expect(throws: ResponseProblem.self) { try parse("HTTP/1.1 200 \(long.prefix(2000))") }
    // However much of it arrives at once.
    #expect(throws: ResponseProblem.self) { try parse("HTTP/1.1 200 OK\r\nX: \(long)\r\n\r\n") }
    #expect(throws: ResponseProblem.self) { try parse("HTTP/1.1 200 \(long.prefix(2000))\r\n\r\n") }
    let many = (0...128).map { "X-\($0): v\r\n" }.joined()
    #expect(throws: ResponseProblem.self) { try parse("HTTP/1.1 200 OK\r\n\(many)\r\n") }
  }

  @Test func `gets the same verdict cut at every byte`() throws {
    let text = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: x-a\r\nX-A: b\r\n\r\nhello"
    let bytes = Array(text.utf8)
    let whole = try #require(try parse(text))
    for cut in 0...bytes.count {
      let part = try parse(String(decoding: bytes[..<cut], as: UTF8.self))
      #expect((part == nil) == (cut < whole.length), "cut at \(cut)")
    }
  }
}
