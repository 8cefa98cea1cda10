import BreakwaterTesting
import ControlModel
import Foundation
import GRDB
import Store
import Testing

/// The SQLite store across processes and accidents.
@Suite struct `The SQLite control store` {
  @Test func `finds everything again after it was closed`() async throws {
    let folder = try TemporaryFolder()
    let record: ControlRecord
    do {
      let store = try Sample.sqlite(folder)
      _ = try await store.commit(Sample.imposing("ctl_a", after: 0))
      _ = try await store.commit(Sample.imposing("ctl_b", after: 1))
      _ = try await store.commit(Sample.releasing("ctl_a", after: 2))
      record = try await store.load()
    }
    let again = try Sample.sqlite(folder)
    #expect(try await again.load() == record)
    #expect(try await again.verifyAudit().verified == 3)
  }

  @Test(arguments: 0..<5)
  func `is made once by however many that open it first at the same time`(round: Int) async throws {
    let folder = try TemporaryFolder()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<6 {
        // Threads of their own: opening waits for locks, and must not wait for the others' turn.
        group.addTask {
          try await withCheckedThrowingContinuation { continuation in
            Thread { continuation.resume(with: Result { _ = try Sample.sqlite(folder) }) }.start()
          }
        }
      }
      try await group.waitForAll()
    }
    let store = try Sample.sqlite(folder)
    _ = try await store.commit(Sample.imposing("ctl_a", after: 0))
    #expect(try await store.verifyAudit().verified == 1)
  }

  @Test func `commits a change and its audit leaf together or not at all`() async throws {
    let folder = try TemporaryFolder()
    let store = try Sample.sqlite(folder)
    struct Interruption: Error {}
    await #expect(throws: StoreFailure.self) {
      try await store.audited(Sample.entry(1)) { database in
        try database.execute(sql: "INSERT INTO meta VALUES ('left', 'behind')")
        throw Interruption()
      }
    }
    #expect(try await store.verifyAudit().verified == 0)
    let left = try await store.database.read {
      try String.fetchOne($0, sql: "SELECT value FROM meta WHERE name = 'left'")
    }
    #expect(left == nil)
    withExtendedLifetime(folder) {}
  }

  @Test func `finishes a commit whose caller was cancelled`() async throws {
    let folder = try TemporaryFolder()
    let store = try Sample.sqlite(folder)
    for index in 0..<20 {
      let task = Task { try await store.commit(Sample.imposing("ctl_\(index)", after: UInt64(index))) }
      task.cancel()
      _ = try await task.value
    }
    #expect(try await store.load().state.epoch == Epoch(20))
    withExtendedLifetime(folder) {}
  }

  @Test func `says what it cannot read instead of guessing`() async throws {
    let columns = [
      ("kind", "'stop'"), ("level", "'off'"), ("cancel", "'some'"), ("origin", "'robot'"), ("request_id", "'x'"),
      ("tenant", "'no spaces'"), ("symbol", "'aapl'"),
    ]
    for (column, value) in columns {
      let folder = try TemporaryFolder()
      let store = try Sample.sqlite(folder)
      _ = try await store.commit(Sample.imposing("ctl_a", after: 0))
      try await store.database.write { try $0.execute(sql: "UPDATE control SET \(column) = \(value)") }
      let failure = await #expect(throws: StoreFailure.self) { _ = try await store.load() }
      #expect(failure?.kind == .corrupt, "\(column)")
      #expect(failure?.message.contains("ctl_a") == true)
      withExtendedLifetime(folder) {}
    }
  }
}
