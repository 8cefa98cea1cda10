import BreakwaterTesting
import Foundation
import Store
import Testing

/// One process keeps state in a directory at a time.
@Suite struct `A data directory` {
  @Test func `is made when it is not there, with its parents`() throws {
    let folder = try TemporaryFolder()
    let directory = try DataDirectory(folder.file("a/b/c"))
    #expect(FileManager.default.fileExists(atPath: directory.file("lock")))
  }

  @Test func `is refused to a second holder, who is told about the first`() throws {
    let folder = try TemporaryFolder()
    let first = try DataDirectory(folder.path)
    let failure = #expect(throws: StoreFailure.self) { _ = try DataDirectory(folder.path) }
    #expect(failure?.kind == .locked)
    #expect(failure?.message.contains("process \(getpid())") == true)
    first.release()
    _ = try DataDirectory(folder.path)
  }

  @Test(arguments: ["/proc/breakwater", "/dev/null/data"])
  func `that cannot be written is refused with its name`(path: String) {
    let failure = #expect(throws: StoreFailure.self) { _ = try DataDirectory(path) }
    #expect(failure?.kind == .unwritable)
    #expect(failure?.message.contains(path) == true)
  }
}
