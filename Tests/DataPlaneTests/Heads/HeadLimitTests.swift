import Testing

@testable import DataPlane

@Suite struct `The size of a head` {
  private let limits = HeadLimits()

  @Test func `may reach each limit exactly`() {
    let target = "/" + String(repeating: "a", count: limits.targetBytesMax - 1)
    #expect(ParsedHead("GET \(target) HTTP/1.1\r\nHost: a\r\n\r\n").summary?.target == target)
    let lines = (1..<limits.fieldsMax).map { "X-\($0): v\r\n" }.joined()
    #expect(ParsedHead("GET / HTTP/1.1\r\nHost: a\r\n\(lines)\r\n").summary?.fields.count == limits.fieldsMax)
    let start = "GET / HTTP/1.1\r\nHost: a\r\nX: "
    let value = String(repeating: "v", count: limits.headBytesMax - start.utf8.count - 4)
    #expect(ParsedHead("\(start)\(value)\r\n\r\n").summary?.length == limits.headBytesMax)
  }

  @Test func `may not pass one`() {
    let target = "/" + String(repeating: "a", count: limits.targetBytesMax)
    #expect(ParsedHead("GET \(target) HTTP/1.1\r\nHost: a\r\n\r\n").problem == .targetTooLong)
    let lines = (1...limits.fieldsMax).map { "X-\($0): v\r\n" }.joined()
    #expect(ParsedHead("GET / HTTP/1.1\r\nHost: a\r\n\(lines)\r\n").problem == .tooManyFields)
    let start = "GET / HTTP/1.1\r\nHost: a\r\nX: "
    let value = String(repeating: "v", count: limits.headBytesMax - start.utf8.count - 3)
    #expect(ParsedHead("\(start)\(value)\r\n\r\n").problem == .headTooLarge)
  }

  @Test func `counts fields that are dropped for their spelling, too`() {
    let lines = (1...limits.fieldsMax).map { "X_\($0): v\r\n" }.joined()
    #expect(ParsedHead("GET / HTTP/1.1\r\nHost: a\r\n\(lines)\r\n").problem == .tooManyFields)
  }

  @Test func `is refused as soon as it is passed, without waiting for an end that may never come`() {
    let head = "GET / HTTP/1.1\r\nHost: a\r\n"
    let endless = String(repeating: "v", count: limits.headBytesMax)
    #expect(ParsedHead(head + "X: " + endless).problem == .headTooLarge)
    #expect(ParsedHead(head + endless).problem == .headTooLarge)
    #expect(ParsedHead("GET /" + endless).problem == .targetTooLong)
    #expect(ParsedHead(String(repeating: "G", count: 17)).problem == .method)
  }
}
