import BreakwaterTesting
import ControlModel
import Foundation
import NIOCore
import Testing

@testable import Realtime

/// The bytes a browser reads (WHATWG HTML §9.2).
@Suite(.timeLimit(.minutes(3))) struct `Server-sent events` {
  /// Interprets a stream as §9.2.6 says, with CR, LF and CR LF as line ends.
  private func interpreted(_ text: String) -> [(id: String, name: String, data: String)] {
    var events: [(id: String, name: String, data: String)] = []
    var id = ""
    var name = ""
    var data: [String] = []
    let unified = text.unicodeScalars.reduce(into: "") { $0.unicodeScalars.append($1) }
      .replacing("\r\n", with: "\n").replacing("\r", with: "\n")
    for line in unified.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.isEmpty {
        if !data.isEmpty { events.append((id, name, data.joined(separator: "\n"))) }
        (name, data) = ("", [])
        continue
      }
      let colon = line.firstIndex(of: ":") ?? line.endIndex
      var value = line[colon...].dropFirst()
      if value.first == " " { value.removeFirst() }
      switch line[..<colon] {
      case "id": id = String(value)
      case "event": name = String(value)
      case "data": data.append(String(value))
      default: break
      }
    }
    return events
  }

  private func event(_ data: String, requestID: RequestID? = nil) -> BusEvent {
    BusEvent(
      sequence: 42, name: "orders_update", tenant: nil, at: WallTime(unixMilliseconds: 1_795_348_800_000),
      requestID: requestID, data: Array(data.utf8), isSnapshot: false)
  }

  @Test func `have an id to resume from, a name and one line of JSON`() {
    let buffer = ServerSentEvents.encode(event("{\"a\":1}", requestID: RequestID("request-1")))
    #expect(
      String(buffer: buffer) == "id: 42\nevent: orders_update\n"
        + "data: {\"v\":1,\"seq\":42,\"ts\":\"2026-11-22T12:00:00.000Z\",\"requestId\":\"request-1\",\"data\":{\"a\":1}}\n\n"
    )
  }

  @Test(arguments: [
    "{\n  \"a\": 1\n}", "{\r\n\"a\": 1}", "{\"a\":\r1}", "\n\n{\"a\":1}\n\n", "{\"a\":1}\n\nevent: forged\ndata: x\n\n",
  ])
  func `stay one event when their JSON has more than one line`(data: String) throws {
    let events = interpreted(String(buffer: ServerSentEvents.encode(event(data))))
    #expect(events.count == 1)
    #expect(events.first?.name == "orders_update")
    #expect(events.first?.id == "42")
    guard !data.contains("forged") else { return }
    let document = try JSONSerialization.jsonObject(with: Data((events.first?.data ?? "").utf8)) as? [String: Any]
    #expect((document?["data"] as? [String: Int]) == ["a": 1])
  }

  @Test func `start with a comment and how long to wait before coming back`() {
    #expect(String(buffer: ServerSentEvents.preamble) == ": breakwater\nretry: 1000\n\n")
    #expect(interpreted(String(buffer: ServerSentEvents.preamble)).isEmpty)
  }

  @Test func `come one by one as the connection takes them, after what is sent first`() async throws {
    let test = TestBus()
    let subscription = try #require(test.subscribe(.admin))
    var pieces = ServerSentEvents.stream(subscription, first: [ByteBuffer(string: "first")]).makeAsyncIterator()
    test.publish("1")
    test.publish("2")
    #expect(await pieces.next() == ServerSentEvents.preamble)
    #expect(await pieces.next() == ByteBuffer(string: "first"))
    for text in ["1", "2"] {
      let piece = try #require(await pieces.next())
      #expect(interpreted(String(buffer: piece)).first?.data.contains("\"data\":\"\(text)\"") == true)
    }
    subscription.close()
    #expect(await pieces.next() == nil)
  }

  @Test func `leave the bus when their connection is cancelled`() async throws {
    let test = TestBus()
    let subscription = try #require(test.subscribe(.admin))
    let reading = Task {
      var count = 0
      for await _ in ServerSentEvents.stream(subscription, first: []) { count += 1 }
      return count
    }
    reading.cancel()
    #expect(await reading.value <= 1)
    #expect(test.open("admin") == 0)
  }
}
