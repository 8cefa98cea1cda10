import Foundation
import Store

/// Where the control store is, and by what a later run of this data directory is recognised there.
struct StoreFolder {
  let path: String
  private let directory: DataDirectory

  /// Creates a shared folder if needed. Throws `unwritable`.
  init(_ configuration: Configuration, _ directory: DataDirectory) throws(StoreFailure) {
    self.directory = directory
    path = configuration.sharedStore ?? directory.path
    do {
      try FileManager.default.createDirectory(
        atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    } catch {
      throw StoreFailure(
        .unwritable, "The folder \(path) of store.path cannot be created: \(error.localizedDescription).")
    }
  }

  /// A name of the data directory that was never used before. Its lock is held by one process at a time, so whoever finds
  /// this name in the store knows that the process which left it is gone.
  func home() throws(StoreFailure) -> String {
    let file = directory.file("home")
    if let text = try? String(contentsOfFile: file, encoding: .utf8), text.utf8.count == 32 { return text }
    let name = SystemSources.secret().prefix(16).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    guard FileManager.default.createFile(atPath: file, contents: Data(name.utf8)) else {
      throw StoreFailure(.unwritable, "The file \(file) cannot be written.")
    }
    return name
  }
}
