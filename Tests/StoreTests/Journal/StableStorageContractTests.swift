import BreakwaterTesting
import Foundation
import Store
import Testing

/// What every stable storage promises, on disk or, in tests, in memory.
@Suite struct `Stable storage` {
  enum Kind: CaseIterable {
    case file, simulated
  }

  private func open(_ kind: Kind, _ folder: TemporaryFolder) throws -> any StableStorage {
    switch kind {
    case .file: try FileStorage(folder.file("bytes"))
    case .simulated: SimulatedStorage()
    }
  }

  @Test(arguments: Kind.allCases)
  func `is empty when new, and replaces everything from where it is written`(kind: Kind) throws {
    let folder = try TemporaryFolder()
    let storage = try open(kind, folder)
    #expect(try storage.read().isEmpty)
    try storage.write([1, 2, 3, 4], at: 0)
    try storage.write([9], at: 2)
    #expect(try storage.read() == [1, 2, 9])
    try storage.write([], at: 1)
    #expect(try storage.read() == [1])
    try storage.write(Array(repeating: 5, count: 200_000), at: 1)
    #expect(try storage.read().count == 200_001)
  }

  @Test func `on disk is found again, and only its owner may read it`() throws {
    let folder = try TemporaryFolder()
    try FileStorage(folder.file("bytes")).write([1, 2, 3], at: 0)
    #expect(try FileStorage(folder.file("bytes")).read() == [1, 2, 3])
    let mode = try FileManager.default.attributesOfItem(atPath: folder.file("bytes"))[.posixPermissions] as? Int
    #expect(mode == 0o600)
  }

  @Test func `on a full disk says so`() throws {
    let full = try FileStorage("/dev/full")
    let failure = #expect(throws: StoreFailure.self) { try full.write([1], at: 0) }
    #expect(failure?.kind == .unavailable)
    #expect(failure?.message.contains("No space left") == true)
  }

  @Test func `in a folder that is not there cannot be opened`() throws {
    let failure = #expect(throws: StoreFailure.self) { _ = try FileStorage("/nowhere/at/all") }
    #expect(failure?.kind == .unwritable)
  }
}
