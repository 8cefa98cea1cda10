import BreakwaterTesting
import ControlModel
import RequestLog
import Telemetry
import Testing

/// "What happened to request X", without a time range.
@Suite struct `Everything under one id` {
  @Test func `is found by request, trace and order, oldest first, wherever it is`() async throws {
    let log = try TestLog(segment: 1500)
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    for number in 0..<100 {
      log.clock.advance(by: .milliseconds(2))
      await log.append(
        event(number, trace: number % 25 == 0 ? trace : nil, attributes: [("order", .string("o\(number % 50)"))]))
    }
    func bodies(_ id: String, limit: Int = 500) async -> [String?] {
      await log.writer.records(withID: id, limit: limit).map(\.body)
    }
    #expect(await bodies(trace) == ["n0", "n25", "n50", "n75"])
    #expect(await bodies("o7") == ["n7", "n57"])
    #expect(await bodies("request-99") == ["n99"])
    #expect(await bodies(trace, limit: 2) == ["n0", "n25"])
    #expect(await bodies("request-100").isEmpty)
    #expect(await bodies("").isEmpty)
  }

  @Test func `is found after a restart as before, though the open segment's index was in memory only`() async throws {
    let log = try TestLog(segment: 2000)
    for number in 0..<30 {
      await log.append(event(number, trace: "t\(number)", attributes: [("order", .string("o\(number)"))]))
    }
    let again = try TestLog(segment: 2000, in: log.folder, clock: log.clock)
    for number in 0..<30 {
      for id in ["request-\(number)", "t\(number)", "o\(number)"] {
        #expect(await again.writer.records(withID: id).map(\.body) == ["n\(number)"], "\(id)")
      }
    }
  }

  @Test func `is not what merely mentions the id`() async throws {
    let log = try TestLog()
    await log.append(
      event(1), event(2, body: "\"request_id\":\"request-1\""), event(3, actor: "request-1"),
      event(4, attributes: [("request_id", .string("request-1"))]))
    let again = try TestLog(in: log.folder)
    for writer in [log.writer, again.writer] {
      #expect(await writer.records(withID: "request-1").map(\.body) == ["n1"])
    }
  }
}
