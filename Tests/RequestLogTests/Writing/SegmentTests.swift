import BreakwaterTesting
import ControlModel
import Foundation
import RequestLog
import Telemetry
import Testing

/// Segments are closed by size, and the oldest go.
@Suite struct `Log segments` {
  @Test func `are closed at their size, each with an index, and hold every line once`() async throws {
    let log = try TestLog(segment: 1000)
    for number in 1...60 {
      log.clock.advance(by: .milliseconds(3))
      await log.append(event(number))
    }
    let segments = try log.files(".log")
    let lines = log.bytes(segments[0]).split(separator: UInt8(ascii: "\n"))
    let longest = (lines.map(\.count).max() ?? 0) + 10
    #expect(segments.count > 5)
    for segment in segments.dropLast() {
      let size = log.bytes(segment).count
      #expect(size >= 1000 && size < 1000 + longest, "\(segment) has \(size) bytes")
    }
    #expect(try log.files(".idx").map { $0.dropLast(4) } == segments.dropLast().map { $0.dropLast(4) })
    #expect(await log.bodies() == (1...60).reversed().map { "n\($0)" })
    for number in 1...60 {
      #expect(await log.writer.records(withID: "request-\(number)").map(\.body) == ["n\(number)"])
    }
  }

  @Test func `together keep their bound; what is gone is not found, what is kept is`() async throws {
    let log = try TestLog(segment: 1000, total: 5000)
    for number in 1...200 {
      log.clock.advance(by: .milliseconds(3))
      await log.append(event(number))
      let total = try log.files(".log").reduce(0) { $0 + log.bytes($1).count }
      #expect(total <= 5000 + 400)
    }
    let bodies = await log.bodies()
    #expect(bodies == (0..<bodies.count).map { "n\(200 - $0)" })
    #expect((10..<60).contains(bodies.count))
    #expect(await log.writer.records(withID: "request-1").isEmpty)
    #expect(await log.writer.records(withID: "request-200").count == 1)
    let oldest = try #require(try log.files(".log").first.flatMap { Int64($0.dropLast(4)) })
    #expect(log.writer.oldestKept == oldest)
    #expect(oldest > 1_795_348_800_000)
    #expect(try log.files(".idx").count == log.files(".log").count - 1)
  }

  @Test func `left by an earlier process count against the bound`() async throws {
    let log = try TestLog(segment: 1000)
    for number in 1...60 {
      log.clock.advance(by: .milliseconds(3))
      await log.append(event(number))
    }
    let again = try TestLog(segment: 1000, total: 3000, in: log.folder, clock: log.clock)
    #expect(try again.files(".log").reduce(0) { $0 + again.bytes($1).count } <= 3000 + 400)
    #expect(await again.bodies().first == "n60")
  }

  @Test func `keep their order when the clock is set back or stands still`() async throws {
    let log = try TestLog(segment: 300)
    for number in 1...20 {
      await log.append(event(number))
      if number == 10 { log.clock.jumpWall(by: .seconds(-3600)) }
    }
    #expect(await log.bodies() == (1...20).reversed().map { "n\($0)" })
    let again = try TestLog(segment: 300, in: log.folder, clock: log.clock)
    await again.append(event(21))
    #expect(await again.bodies() == (1...21).reversed().map { "n\($0)" })
  }

  @Test func `have the index that the reference describes`() async throws {
    let log = try TestLog(segment: 1)
    await log.append(event(1, trace: "t1", attributes: [("order", .string("o1"))]))
    let bytes = log.bytes(try #require(try log.files(".idx").first))
    #expect(Array(bytes[..<8]) == Array("BWIDX001".utf8))
    let keys = stride(from: 8, to: bytes.count, by: 12).map { start in
      bytes[start..<start + 8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    }
    #expect(keys == ["request-1", "t1", "o1"].map { LogKey.of($0.utf8) }.sorted())
    #expect(bytes.count == 8 + 3 * 12)
  }
}
