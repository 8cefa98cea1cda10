import BreakwaterTesting
import Foundation
import RequestLog
import Telemetry
import Testing

/// A crash loses at most the line that was being written.
@Suite struct `After a crash` {
  @Test func `at any byte of the last record, the ones before it and the ones after it are found`() async throws {
    let log = try TestLog()
    await log.append(event(1), event(2), event(3, body: "torn \"here\"", attributes: [("order", .string("o-3"))]))
    let name = try #require(try log.files(".log").first)
    let bytes = log.bytes(name)
    let last = try #require(bytes.dropLast().lastIndex(of: UInt8(ascii: "\n"))) + 1
    for length in last...bytes.count {
      let folder = try TemporaryFolder()
      try Data(bytes[..<length]).write(to: URL(fileURLWithPath: folder.file(name)))
      let again = try TestLog(in: folder)
      await again.append(event(4))
      let isWhole = length >= bytes.count - 1
      #expect(await again.bodies() == ["n4"] + (isWhole ? ["torn \"here\""] : []) + ["n2", "n1"], "\(length) bytes")
      for (id, bodies) in [
        ("request-1", ["n1"]), ("request-4", ["n4"]), ("o-3", isWhole ? ["torn \"here\""] : []),
        ("request-3", isWhole ? ["torn \"here\""] : []),
      ] {
        #expect(await again.writer.records(withID: id).map { $0.body ?? "" } == bodies, "\(length) bytes, \(id)")
      }
    }
  }

  @Test func `an index that is missing, empty, cut or foreign is made again`() async throws {
    let log = try TestLog(segment: 400)
    for number in 1...12 {
      log.clock.advance(by: .milliseconds(5))
      await log.append(event(number, trace: "trace-of-\(number)"))
    }
    let indexes = try log.files(".idx")
    try #require(indexes.count >= 4)
    let whole = indexes.map(log.bytes)
    try FileManager.default.removeItem(atPath: log.folder.file(indexes[0]))
    for (index, damaged) in [(1, []), (2, Array(whole[2].dropLast(5))), (3, Array("no index".utf8))] {
      try Data(damaged).write(to: URL(fileURLWithPath: log.folder.file(indexes[index])))
    }
    let again = try TestLog(segment: 400, in: log.folder)
    #expect(indexes.map(again.bytes) == whole)
    for number in 1...12 {
      #expect(await again.writer.records(withID: "trace-of-\(number)").map(\.body) == ["n\(number)"])
    }
  }

  @Test func `writing goes on in the segment that was open`() async throws {
    let log = try TestLog()
    await log.append(event(1))
    log.clock.advance(by: .seconds(60))
    let again = try TestLog(in: log.folder, clock: log.clock)
    await again.append(event(2))
    #expect(try again.files(".log").count == 1)
    #expect(await again.bodies() == ["n2", "n1"])
  }

  @Test func `files that are no segments are left alone`() async throws {
    let folder = try TemporaryFolder()
    for name in ["notes.log", "12.txt", ".log"] {
      try Data("mine\n".utf8).write(to: URL(fileURLWithPath: folder.file(name)))
    }
    let log = try TestLog(segment: 300, total: 600, in: folder)
    for number in 1...20 { await log.append(event(number)) }
    for name in ["notes.log", "12.txt", ".log"] { #expect(log.bytes(name) == Array("mine\n".utf8)) }
  }

  @Test func `where the folder cannot be made, starting fails with its name`() throws {
    let folder = try TemporaryFolder()
    try Data().write(to: URL(fileURLWithPath: folder.file("logs")))
    #expect(throws: (any Error).self) { try LogWriter(folder.file("logs"), metrics: MetricRegistry()) }
  }
}
