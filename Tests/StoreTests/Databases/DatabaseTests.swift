import BreakwaterTesting
import Foundation
import GRDB
import Store
import Telemetry
import Testing

/// A damaged database is refused at the door, and left as it is.
@Suite struct `A database` {
  private func path(_ folder: TemporaryFolder) -> String { folder.file("control.sqlite") }

  private func sound() async throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    let store = try Sample.sqlite(folder)
    for index in 0..<50 { _ = try await store.commit(Sample.imposing("ctl_\(index)", after: UInt64(index))) }
    try await store.database.pool.writeWithoutTransaction { _ = try $0.checkpoint(.truncate) }
    return folder
  }

  private func expectRefusal(_ folder: TemporaryFolder) throws {
    let before = try Data(contentsOf: URL(fileURLWithPath: path(folder)))
    let failure = #expect(throws: StoreFailure.self) { _ = try Sample.sqlite(folder) }
    #expect(failure?.kind == .corrupt)
    #expect(failure?.message.contains(path(folder)) == true)
    #expect(failure?.message.contains("Restore it from a backup") == true)
    #expect(try Data(contentsOf: URL(fileURLWithPath: path(folder))) == before)
  }

  @Test func `that is something else is refused`() throws {
    let folder = try TemporaryFolder()
    try Data("this is no database, but long enough to be taken for one".utf8).write(
      to: URL(fileURLWithPath: path(folder)))
    try expectRefusal(folder)
  }

  @Test(arguments: [UInt64(1), 2, 3])
  func `with overwritten pages is refused`(seed: UInt64) async throws {
    let folder = try await sound()
    var bytes = try Data(contentsOf: URL(fileURLWithPath: path(folder)))
    var random = SeededRandom(seed)
    // Page structure, not text that a quick check does not read: the head of every page but the first.
    for page in stride(from: 4096, to: bytes.count, by: 4096) {
      for offset in 0..<12 { bytes[page + offset] = UInt8.random(in: 0...255, using: &random) }
    }
    try bytes.write(to: URL(fileURLWithPath: path(folder)))
    try expectRefusal(folder)
  }

  @Test func `that lost its second half is refused`() async throws {
    let folder = try await sound()
    let bytes = try Data(contentsOf: URL(fileURLWithPath: path(folder)))
    try bytes.prefix(bytes.count / 2 / 4096 * 4096).write(to: URL(fileURLWithPath: path(folder)))
    try expectRefusal(folder)
  }

  @Test func `in a folder that is not one cannot be opened`() throws {
    let failure = #expect(throws: StoreFailure.self) {
      _ = try SQLiteControlStore("/dev/null/control.sqlite", clocks: TestClock().clocks, metrics: MetricRegistry())
    }
    #expect(failure?.kind == .unwritable)
  }
}
