import Testing

/// What the corpus tests rely on to find hazards does find them.
@Suite struct `A recorded request` {
  private static let ours =
    "Host: a\r\nX-Request-ID: i\r\ntraceparent: t\r\nVia: 1.1 breakwater\r\nForwarded: for=x\r\n"

  @Test func `without hazards shows none`() {
    let text = "POST /a?b=;// HTTP/1.1\r\n\(Self.ours)Content-Length: 2\r\n\r\nhi"
    let requests = RecordedRequest.all(in: Array((text + text).utf8))
    #expect(requests.count == 2)
    #expect(requests.allSatisfy { $0.isWhole && $0.hazards.isEmpty && $0.requestID == "i" })
  }

  @Test(arguments: [
    "Content-Length: 2\r\nContent-Length: 2\r\n", "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
    "Content-Length: +2\r\n", "Transfer-Encoding: xchunked\r\n", "Transfer_Encoding: chunked\r\n",
    "Content-Length : 2\r\n", "X: a\nb\r\n", "X: a\rb\r\n", "X: a\u{0}b\r\n", "X: a\r\n b: c\r\n", "X-Tenant-Id: a\r\n",
    "Connection: close\r\n", "Upgrade: websocket\r\n", "Host: b\r\n", "nonsense\r\n",
    String(repeating: "X: y\r\n", count: 100), "X: " + String(repeating: "v", count: 30_000) + "\r\n",
  ])
  func `with a hazard in its fields shows it`(lines: String) {
    let text = "POST /a HTTP/1.1\r\n\(Self.ours)\(lines)\r\n"
    #expect(RecordedRequest.all(in: Array(text.utf8)).contains { !$0.hazards.isEmpty })
  }

  @Test(arguments: [
    "GET  /a HTTP/1.1", "GET /a b HTTP/1.1", "get /a HTTP/1.1", "GET /a HTTP/1.0", "GET /a", "GET a HTTP/1.1",
    "GET /../a HTTP/1.1", "GET /a/.. HTTP/1.1", "GET //a HTTP/1.1", "GET /a%2fb HTTP/1.1", "GET /a;b HTTP/1.1",
    "GET /a#b HTTP/1.1", "GET /\u{e9} HTTP/1.1", "GET /" + String(repeating: "v", count: 5000) + " HTTP/1.1",
  ])
  func `with a hazard in its request line shows it`(line: String) {
    let text = "\(line)\r\n\(Self.ours)\r\n"
    #expect(RecordedRequest.all(in: Array(text.utf8)).contains { !$0.hazards.isEmpty })
  }
}
