import ControlModel
package import Foundation
package import GRDB
import Telemetry

/// The log as lines of JSON that can be verified anywhere with nothing but the public key.
/// `docs/reference/audit-format.md` specifies them byte by byte.
package enum AuditExport {
  /// Leaves per answer; longer logs are asked for page by page, and pages one after another are an export too.
  package static let leavesMax = 10_000
  private static let leafPrefix = Array(#"{"chain":""#.utf8)
  private static let leafMiddle = Array(#"","leaf":"#.utf8)

  /// A page from leaf `from` on: the head line, leaves, and each checkpoint after the leaf it was signed at.
  /// Returns the bytes and the leaf after the last; nil when there is none.
  package static func page(
    from: Int64, limit: Int, keys: [AuditVerifierKey], in database: GRDB.Database
  ) throws -> (bytes: [UInt8], next: Int64?) {
    let size = try AuditTree.size(in: database)
    let last = min(size, from + Int64(min(max(1, limit), leavesMax)) - 1)
    var checkpoints = try AuditTree.checkpoints(from: from == 1 ? 0 : from, to: last, in: database)[...]
    var line = JSONLine()
    line.begin()
    line.field("format", "breakwater-audit/1")
    line.field("from", Int(from))
    line.field("keys", keys.map(\.text).joined(separator: " "))
    line.field("size", Int(size))
    line.end()
    var bytes = line.bytes + [10]
    func pass(_ size: Int64) {
      while let first = checkpoints.first, first.size <= size {
        checkpoints = checkpoints.dropFirst()
        bytes += Self.line(first)
      }
    }
    pass(from - 1)
    let rows = try Row.fetchCursor(
      database, sql: "SELECT seq, leaf, chain FROM audit WHERE seq BETWEEN ? AND ? ORDER BY seq",
      arguments: [from, last])
    while let row = try rows.next() {
      bytes += leafPrefix
      bytes += Hex.text(Array((row["chain"] as Data?) ?? Data())).utf8
      bytes += leafMiddle
      bytes += Array((row["leaf"] as Data?) ?? Data())
      bytes += [UInt8(ascii: "}"), 10]
      pass(row["seq"])
    }
    return (bytes, last < size ? last + 1 : nil)
  }

  /// Walks an export, whole.
  ///
  /// - Parameters:
  ///   - keys: who may have signed it; nil believes the keys the export names, which proves that it is whole, not whose.
  ///   - beside: checkpoints from elsewhere; they also show that the newest entries are missing.
  package static func verify(
    _ bytes: some ContiguousBytes, keys: [AuditVerifierKey]?, beside: [(AuditCheckpoint, AuditWalk.Source)]
  ) -> AuditVerdict {
    bytes.withUnsafeBytes { verify($0, keys, beside) }
  }

  private static func verify(
    _ bytes: UnsafeRawBufferPointer, _ keys: [AuditVerifierKey]?, _ beside: [(AuditCheckpoint, AuditWalk.Source)]
  ) -> AuditVerdict {
    var rest = bytes
    let head = line(&rest).flatMap { try? JSONDecoder().decode(Head.self, from: Data($0)) }
    let named = (head?.keys ?? "").split(separator: " ").compactMap { AuditVerifierKey(text: String($0)) }
    var walk = AuditWalk(checkpoints: beside, keys: keys ?? named)
    guard let head, head.format == "breakwater-audit/1", head.from == 1 else {
      walk.fail(1, "the first line is not the head of an export from the first entry on")
      return walk.finish()
    }
    var covered: Int64 = -1
    while !walk.isBroken, let line = line(&rest) {
      if take(line, &walk) {
        continue
      } else if let note = try? JSONDecoder().decode(Note.self, from: Data(line)),
        let checkpoint = AuditCheckpoint(note: note.checkpoint), Self.line(checkpoint).dropLast().elementsEqual(line)
      {
        walk.pass(checkpoint)
        covered = checkpoint.size
      } else if let again = try? JSONDecoder().decode(Head.self, from: Data(line)), again.from == walk.size + 1 {
        continue
      } else {
        walk.fail(walk.size + 1, "what follows entry \(walk.size) is not a line of an export")
      }
    }
    if !walk.isBroken, covered != walk.size {
      walk.fail(walk.size, "the export does not end with a checkpoint over all its entries")
    }
    return walk.finish()
  }

  /// The next line that is not empty, taken off `rest`; nil at the end.
  private static func line(_ rest: inout UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
    while let base = rest.baseAddress, !rest.isEmpty {
      let end = memchr(base, 10, rest.count).map { UnsafeRawPointer($0) - base } ?? rest.count
      let line = UnsafeRawBufferPointer(rebasing: rest[..<end])
      rest = UnsafeRawBufferPointer(rebasing: rest[min(end + 1, rest.count)...])
      if !line.isEmpty { return line }
    }
    return nil
  }

  /// Gives the walk the leaf of this line; false when it is no leaf's line.
  private static func take(_ line: UnsafeRawBufferPointer, _ walk: inout AuditWalk) -> Bool {
    let start = leafPrefix.count + 2 * MerkleHash.byteCount
    let body = start + leafMiddle.count
    guard line.count > body, line.starts(with: leafPrefix), line[line.count - 1] == UInt8(ascii: "}"),
      line[start..<body].elementsEqual(leafMiddle)
    else { return false }
    return withUnsafeTemporaryAllocation(byteCount: MerkleHash.byteCount, alignment: 8) { chain in
      for index in 0..<MerkleHash.byteCount {
        let place = leafPrefix.count + 2 * index
        guard let high = nibble(line[place]), let low = nibble(line[place + 1]) else { return false }
        chain[index] = high << 4 | low
      }
      walk.take(UnsafeRawBufferPointer(rebasing: line[body..<(line.count - 1)]), chain: UnsafeRawBufferPointer(chain)) {
        _ in
      }
      return true
    }
  }

  /// A checkpoint's line; a line that says the same in other bytes is none.
  private static func line(_ checkpoint: AuditCheckpoint) -> [UInt8] {
    var line = JSONLine()
    line.begin()
    line.field("checkpoint", checkpoint.note)
    line.end()
    return line.bytes + [10]
  }

  private static func nibble(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 48...57: byte - 48
    case 97...102: byte - 87
    default: nil
    }
  }

  private struct Head: Decodable {
    let format: String
    let from: Int64
    let keys: String
    let size: Int64
  }

  private struct Note: Decodable {
    let checkpoint: String
  }
}
