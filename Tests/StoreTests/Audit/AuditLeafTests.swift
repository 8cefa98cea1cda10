import BreakwaterTesting
import Foundation
import Store
import Synchronization
import Telemetry
import Testing

/// The bytes of a leaf and its link, and finding leaves again.
@Suite struct `An audit leaf` {
  @Test func `has the bytes and the link its specification says`() throws {
    var previous = AuditLeaf.origin
    var lines: [String] = []
    for index in 1...3 {
      let leaf = AuditLeaf(Sample.entry(index), sequence: Int64(index), after: previous)
      lines.append(Hex.text(leaf.chain) + " " + String(decoding: leaf.bytes, as: UTF8.self))
      previous = leaf.chain
    }
    #expect(lines == (try Sample.fixture("audit-leaves.txt")).split(separator: "\n").map(String.init))
  }

  @Test func `reads back what it holds, whatever characters that has`() throws {
    for index in 1...3 {
      let leaf = AuditLeaf(Sample.entry(index), sequence: Int64(index), after: AuditLeaf.origin)
      #expect(AuditLeaf(bytes: leaf.bytes, chain: leaf.chain) == leaf)
    }
  }

  @Test(arguments: ["", "{}", "[]", "null", #"{"seq":1}"#])
  func `is not made of anything else`(text: String) {
    #expect(AuditLeaf(bytes: Array(text.utf8), chain: AuditLeaf.origin) == nil)
  }

  @Test func `is found by request, actor, action and object, newest first, page by page`() async throws {
    let folder = try TemporaryFolder()
    let store = try Sample.sqlite(folder)
    for index in 1...5 { _ = try await store.audit(Sample.entry(index)) }
    let newest = try await store.searchAudit(AuditLog.Filter(actor: "ada", limit: 2))
    #expect(newest.map(\.sequence) == [5, 4])
    let older = try await store.searchAudit(AuditLog.Filter(actor: "ada", before: 4, limit: 10))
    #expect(older.map(\.sequence) == [3, 2, 1])
    let one = try await store.searchAudit(AuditLog.Filter(requestID: "sample-request-3"))
    #expect(one.map(\.entry) == [Sample.entry(3)])
    #expect(try await store.searchAudit(AuditLog.Filter(object: "ctl_4")).map(\.sequence) == [4])
    #expect(try await store.searchAudit(AuditLog.Filter(action: "nothing")).isEmpty)
    #expect(AuditLog.Filter(limit: 0).limit == 1)
    #expect(AuditLog.Filter(limit: 100_000).limit == AuditLog.Filter.limitMax)
  }
}

/// A value handed out of a closure.
final class Box<Value: Sendable>: Sendable {
  private let content = Mutex<Value?>(nil)
  var value: Value? { content.withLock { $0 } }
  func set(_ value: Value) { content.withLock { $0 = value } }
}
