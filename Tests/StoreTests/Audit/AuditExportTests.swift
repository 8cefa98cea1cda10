import BreakwaterTesting
import ControlModel
import Foundation
import GRDB
import Store
import Telemetry
import Testing

/// A log taken elsewhere: whatever is done to it is found with nothing but the public key.
@Suite struct `An exported audit log` {
  private static let rows = 6
  private let key: AuditKey
  private var keys: [AuditVerifierKey] { [key.verifier] }

  init() throws { key = try AuditKey(seed: Array(0..<32)) }

  private func store(_ folder: TemporaryFolder) throws -> SQLiteControlStore {
    try SQLiteControlStore(
      folder.file("control.sqlite"), key: key, clocks: TestClock().clocks, metrics: MetricRegistry())
  }

  private func filled(_ folder: TemporaryFolder, rows: Int = rows) async throws -> SQLiteControlStore {
    let store = try store(folder)
    for index in 1...rows {
      _ = try await store.audit(Sample.entry(index))
      if index == 3 { _ = try await store.checkpoint() }
    }
    _ = try await store.checkpoint()
    return store
  }

  private func export(_ store: SQLiteControlStore, page: Int = 100) async throws -> [UInt8] {
    let keys = keys
    var (bytes, next) = ([UInt8](), Int64(1) as Int64?)
    while let from = next {
      let (part, rest) = try await store.database.read {
        try AuditExport.page(from: from, limit: page, keys: keys, in: $0)
      }
      bytes += part
      next = rest
    }
    return bytes
  }

  private func verdict(
    _ bytes: [UInt8], beside: [(AuditCheckpoint, AuditWalk.Source)] = []
  ) -> AuditVerdict {
    AuditExport.verify(bytes, keys: keys, beside: beside)
  }

  @Test func `has the bytes its specification says`() async throws {
    let folder = try TemporaryFolder()
    let text = String(decoding: try await export(try await filled(folder)), as: UTF8.self)
    #expect(text == (try Sample.fixture("audit-export.jsonl")))
  }

  @Test(arguments: [1, 2, 5, 100])
  func `verifies, in one piece or in pages one after another`(page: Int) async throws {
    let folder = try TemporaryFolder()
    let verdict = verdict(try await export(try await filled(folder), page: page))
    #expect(verdict.isSound && verdict.verified == 6 && verdict.vouched == 6, "\(verdict.problem ?? "")")
  }

  @Test func `shows every single bit that was changed, at or before the entry it is in`() async throws {
    let folder = try TemporaryFolder()
    let original = try await export(try await filled(folder, rows: 2))
    var line: Int64 = 0
    var missed: [String] = []
    for index in original.indices {
      for bit in 0..<8 {
        var changed = original
        changed[index] ^= 1 << UInt8(bit)
        let verdict = verdict(changed)
        // The keys in the head line do not count beside the key given, nor does what it says of the size.
        if line == 0 { continue }
        if verdict.isSound { missed.append("byte \(index) bit \(bit)") }
      }
      if original[index] == 10 { line += 1 }
    }
    #expect(missed.isEmpty)
  }

  @Test func `shows any entry or checkpoint left out, and any two swapped`() async throws {
    let folder = try TemporaryFolder()
    let lines = try await export(try await filled(folder)).split(separator: 10).map { Array($0) }
    func joined(_ lines: [[UInt8]]) -> [UInt8] { lines.flatMap { $0 + [10] } }
    // head, 1, 2, 3, checkpoint, 4, 5, 6, checkpoint
    #expect(lines.count == 9)
    let sequenceAt: [Int: Int64] = [1: 1, 2: 2, 3: 3, 5: 4, 6: 5, 7: 6]
    for index in 1..<9 {
      var without = lines
      without.remove(at: index)
      let verdict = verdict(joined(without))
      if index == 4 {
        #expect(verdict.isSound)  // the later checkpoint vouches for everything
      } else {
        #expect(!verdict.isSound, "without line \(index)")
        if let sequence = sequenceAt[index] { #expect(verdict.firstBad == sequence, "without line \(index)") }
      }
      for other in (index + 1)..<9 where index > 0 {
        var swapped = lines
        swapped.swapAt(index, other)
        #expect(!self.verdict(joined(swapped)).isSound, "lines \(index) and \(other) swapped")
      }
    }
  }

  @Test func `cut short with its checkpoints is found with a witness's`() async throws {
    let folder = try TemporaryFolder()
    let store = try await filled(folder)
    let witnessed = try #require(try await store.checkpoint())
    let lines = try await export(store).split(separator: 10).map { Array($0) }
    let short: [UInt8] = lines.prefix(5).flatMap { $0 + [10] }
    #expect(verdict(short).isSound)
    let beside = verdict(short, beside: [(witnessed, .witness)])
    #expect(beside.firstBad == 4 && beside.problem?.contains("3 newest rows are missing") == true)
  }

  @Test func `rewritten from one entry on, links and all, is found by its checkpoint`() async throws {
    let folder = try TemporaryFolder()
    let lines = try await export(try await filled(folder)).split(separator: 10).map { Array($0) }
    var forged = [lines[0]]
    var previous = AuditLeaf.origin
    for index in 1...6 {
      var entry = Sample.entry(index)
      if index == 5 { entry.summary = "nothing happened" }
      let leaf = AuditLeaf(entry, sequence: Int64(index), after: previous)
      previous = leaf.chain
      forged.append(Array(#"{"chain":"\#(Hex.text(leaf.chain))","leaf":"#.utf8) + leaf.bytes + [UInt8(ascii: "}")])
      if index == 3 { forged.append(lines[4]) }
    }
    forged.append(lines[8])
    let found = verdict(forged.flatMap { $0 + [10] })
    #expect(found.firstBad == 4 && found.problem?.contains("from 4 to 6") == true)
    #expect(found.vouched == 3)
  }

  @Test func `of another log, under another key, is not believed`() async throws {
    let folder = try TemporaryFolder()
    let bytes = try await export(try await filled(folder))
    let other = try AuditKey(seed: Array(repeating: 9, count: 32)).verifier
    #expect(!AuditExport.verify(bytes, keys: [other], beside: []).isSound)
    #expect(!AuditExport.verify(bytes, keys: [], beside: []).isSound)
    #expect(AuditExport.verify(bytes, keys: nil, beside: []).isSound)
  }

  @Test func `is not an export when it is something else`() {
    for text in ["", "{}", "[]\n", "{\"format\":\"breakwater-audit/2\",\"from\":1,\"keys\":\"\",\"size\":0}\n"] {
      #expect(!verdict(Array(text.utf8)).isSound)
    }
  }

  @Test func `proves its entries through the store's nodes in logarithmic many hashes`() async throws {
    let folder = try TemporaryFolder()
    let store = try await filled(folder, rows: 40)
    let checkpoint = try #require(try await store.checkpoint())
    for sequence in [1, 17, 40] as [Int64] {
      let (proof, leaf) = try await store.database.read { database in
        (
          try AuditTree.prover(in: database).inclusion(of: sequence - 1, in: checkpoint.size),
          try AuditLog.search(AuditLog.Filter(before: sequence + 1, limit: 1), in: database)[0]
        )
      }
      #expect(proof.count <= 6)
      #expect(
        MerkleCheck.includes(
          AuditLeaf.leafHash(leaf.bytes), at: sequence - 1, size: checkpoint.size, root: checkpoint.root, proof: proof))
    }
  }
}
