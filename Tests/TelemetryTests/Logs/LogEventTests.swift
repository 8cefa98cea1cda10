import ControlModel
import Foundation
import Telemetry
import Testing

/// Records have the names of OpenTelemetry's log data model.
@Suite struct `A log event` {
  private let time = WallTime(unixMilliseconds: 1_795_348_800_123)

  @Test func `is one JSON line with every member it has, attributes nested`() throws {
    let event = LogEvent(
      "order.sent", .warn, at: time, component: "runtime", body: "Sent \"it\".\nDone.",
      requestID: RequestID("req-12345"),
      traceID: "4bf92f3577b34da6a3ce929d0e0e4736", tenant: TenantID("acme"), actor: "a\\b",
      attributes: [("order", .string("x")), ("qty", .double(1.5)), ("n", .int(3)), ("ok", .bool(true))])
    #expect(
      String(decoding: event.encoded(), as: UTF8.self)
        == #"{"ts":"2026-11-22T12:00:00.123Z","severity_text":"WARN","severity_number":13,"#
        + #""event_name":"order.sent","body":"Sent \"it\".\u000aDone.","component":"runtime","request_id":"req-12345","#
        + #""trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","tenant":"acme","actor":"a\\b","#
        + #""attributes":{"order":"x","qty":1.5,"n":3,"ok":true}}"#)
  }

  @Test func `leaves out what it does not have`() {
    let event = LogEvent("a.b", at: time, component: "c", body: "d")
    #expect(
      String(decoding: event.encoded(), as: UTF8.self)
        == #"{"ts":"2026-11-22T12:00:00.123Z","severity_text":"INFO","severity_number":9,"event_name":"a.b","body":"d","component":"c"}"#
    )
  }

  @Test func `has OpenTelemetry's severity numbers, in order`() {
    #expect(LogEvent.Severity.allCases.map(\.rawValue) == [5, 9, 13, 17])
    #expect(LogEvent.Severity.debug < .info && LogEvent.Severity.warn < .error)
  }

  @Test func `in a block, a line is found by each of its keys`() {
    var block = LogBlock()
    block.append(Array("one".utf8), keys: (1, 0))
    block.append(Array("two".utf8), keys: (2, 3))
    block.append(Array("three".utf8), keys: [4, 5, 6])
    #expect(block.lines == 3)
    #expect(String(decoding: block.bytes, as: UTF8.self) == "one\ntwo\nthree\n")
    #expect(block.entries.map(\.key) == [1, 2, 3, 4, 5, 6])
    #expect(block.entries.map(\.offset) == [0, 4, 4, 8, 8, 8])
    let taken = block.take()
    #expect(taken.lines == 3 && block.isEmpty && block.bytes.isEmpty && block.entries.isEmpty)
  }

  /// Published values of 64-bit FNV-1a (draft-eastlake-fnv, test vectors).
  @Test(
    arguments: [
      ("", 0xcbf2_9ce4_8422_2325), ("a", 0xaf63_dc4c_8601_ec8c), ("foobar", 0x8594_4171_f739_67e8),
    ] as [(String, UInt64)])
  func `is indexed under FNV-1a`(text: String, key: UInt64) {
    #expect(LogKey.of(text.utf8) == key)
  }
}
