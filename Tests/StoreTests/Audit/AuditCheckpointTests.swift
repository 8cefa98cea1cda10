import BreakwaterTesting
import Foundation
import Store
import Telemetry
import Testing

/// Signed statements of how the log stood, the key behind them, and the file that remembers them.
@Suite struct `A checkpoint` {
  private let key: AuditKey

  init() throws { key = try AuditKey(seed: Array(0..<32)) }

  private func checkpoint(_ size: Int64) -> AuditCheckpoint {
    AuditCheckpoint(size: size, root: Array(repeating: UInt8(size), count: 32), signedBy: key)
  }

  @Test func `has the bytes its specification says`() throws {
    #expect(checkpoint(7).note == (try Sample.fixture("audit-checkpoint.txt")))
    #expect(key.verifier.text + "\n" == (try Sample.fixture("audit-key.pub")))
  }

  @Test func `reads back as it was written and is signed by its key only`() throws {
    let other = try AuditKey(seed: Array(repeating: 1, count: 32))
    let read = try #require(AuditCheckpoint(note: checkpoint(7).note))
    #expect(read == checkpoint(7) && read.size == 7 && read.root == Array(repeating: 7, count: 32))
    #expect(read.isSigned(by: [key.verifier]) && read.isSigned(by: [other.verifier, key.verifier]))
    #expect(!read.isSigned(by: []) && !read.isSigned(by: [other.verifier]))
  }

  @Test func `is not signed any more when one bit of it changed`() throws {
    let note = Array(checkpoint(7).note.utf8)
    for index in note.indices {
      for bit in 0..<8 {
        var changed = note
        changed[index] ^= 1 << UInt8(bit)
        guard let text = String(validating: changed, as: UTF8.self) else { continue }
        let read = AuditCheckpoint(note: text)
        #expect(read?.isSigned(by: [key.verifier]) != true, "byte \(index) bit \(bit)")
      }
    }
  }

  @Test func `may carry signatures of others beside its own`() throws {
    let witness = "\u{2014} witness.example \(Data(repeating: 3, count: 68).base64EncodedString())\n"
    #expect(AuditCheckpoint(note: checkpoint(7).note + witness)?.isSigned(by: [key.verifier]) == true)
  }

  @Test(arguments: ["", "\n", "a\n1\nAAAA\n\n", "a\nb\nc\n\n\u{2014} a AAAA\n"])
  func `is not made of anything else`(text: String) {
    #expect(AuditCheckpoint(note: text) == nil)
  }

  @Test func `is kept by the witness, one after another, and a line cut short by a crash does no harm`() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("witness")
    for size in 1...3 { try AuditWitness(path).append(checkpoint(Int64(size))) }
    #expect(try AuditWitness.read(path).map(\.size) == [1, 2, 3])
    let handle = try #require(FileHandle(forWritingAtPath: path))
    try handle.seekToEnd()
    try handle.write(contentsOf: Data(checkpoint(4).note.prefix(30).utf8))
    try handle.close()
    #expect(try AuditWitness.read(path).map(\.size) == [1, 2, 3])
    try Data("something else\n\u{2014} x y\nand more\n".utf8).write(to: URL(fileURLWithPath: path))
    #expect(throws: StoreFailure.self) { try AuditWitness.read(path) }
  }

  @Test func `key is made once, in a file for its owner only, and read again`() throws {
    let folder = try TemporaryFolder()
    let first = try AuditKey.load(folder.path) { Array(repeating: 5, count: 32) }
    let second = try AuditKey.load(folder.path) { Array(repeating: 6, count: 32) }
    #expect(first.verifier == second.verifier && second.allKeys(in: folder.path) == [first.verifier])
    let attributes = try FileManager.default.attributesOfItem(atPath: folder.file(AuditKey.fileName))
    #expect((attributes[.posixPermissions] as? Int) == 0o600)
    #expect(AuditVerifierKey.read(folder.file(AuditKey.publicFileName)) == [first.verifier])
    try Data("rubbish".utf8).write(to: URL(fileURLWithPath: folder.file(AuditKey.fileName)))
    #expect(throws: StoreFailure.self) { try AuditKey.load(folder.path) { Array(repeating: 5, count: 32) } }
  }
}
