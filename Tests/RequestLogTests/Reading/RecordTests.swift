import BreakwaterTesting
import ControlModel
import RequestLog
import Telemetry
import Testing

/// What is read is what was written.
@Suite struct `A record read back` {
  @Test(arguments: [
    "plain", "quo\"te \\ slash", "lines\nand\r\ntabs\t", "é 漢字 🙂", "\u{0}\u{7f}\u{2028}", "", "{\"ts\":\"x\"}",
    String(repeating: "long ", count: 4000),
  ])
  func `has its texts unchanged`(text: String) async throws {
    let log = try TestLog()
    await log.append(event(1, actor: text, body: text, attributes: [("note", .string(text))]), event(2))
    let records = await log.writer.search(LogQuery(limit: 10))
    let record = try #require(records.last)
    #expect(records.count == 2)
    #expect(record.body == text)
    #expect(record.actor == text)
    #expect(record.attributes?["note"]?.text == text)
    #expect(await log.writer.records(withID: "request-1").map(\.body) == [text])
  }

  @Test func `has its attributes as texts, numbers and flags`() async throws {
    let log = try TestLog()
    await log.append(
      event(
        1,
        attributes: [
          ("t", .string("1")), ("n", .int(-3)), ("d", .double(1.5)), ("f", .bool(false)),
          ("big", .int(.max)),
        ]))
    let attributes = try #require(await log.writer.search(LogQuery()).first?.attributes)
    #expect(
      attributes.mapValues(\.text) == ["t": "1", "n": "-3", "d": "1.5", "f": "false", "big": "9223372036854775807"])
  }

  @Test(arguments: [Double.nan, .infinity])
  func `is there although it measured what is no number`(value: Double) async throws {
    let log = try TestLog()
    await log.append(event(1, attributes: [("drawdown", .double(value)), ("n", .int(1))]))
    let records = await log.writer.search(LogQuery())
    #expect(records.map(\.body) == ["n1"])
    #expect(records.first?.attributes?.mapValues(\.text) == ["drawdown": "null", "n": "1"])
    #expect(await log.writer.records(withID: "request-1").count == 1)
  }

  @Test func `has the members of an access line`() async throws {
    let log = try TestLog()
    log.writer.append(access(1, status: 404, code: "route.unknown", tenant: "acme", path: "/a\"b\u{1}"))
    await log.writer.flush()
    let record = try #require(await log.writer.records(withID: "request-1").first)
    #expect(record.eventName == "http.access")
    #expect(record.status == 404)
    #expect(record.code == "route.unknown")
    #expect(record.tenant == "acme")
    #expect(record.path == "/a\"b\u{1}")
    #expect(record.durationMilliseconds == 1.5)
    #expect(record.time == WallTime(unixMilliseconds: 1_795_348_800_000))
  }

  @Test func `longer than any of ours is left out and hides no other`() async throws {
    let log = try TestLog()
    await log.append(event(1), event(2, body: String(repeating: "x", count: 700_000)), event(3))
    #expect(await log.writer.search(LogQuery()).map(\.requestID).contains("request-1"))
    #expect(await log.writer.search(LogQuery()).map(\.requestID).contains("request-3"))
    #expect(await log.writer.records(withID: "request-3").map(\.body) == ["n3"])
  }
}
