import Foundation
import Identity
import Store

/// The key that signs act-as tokens: made at the first start, kept in the data directory for its owner only, so that a
/// session survives a restart and no other installation can make one.
enum ActAsKey {
  private static let file = "act-as.key"

  /// Throws when the key cannot be read or made: running on another key than the one on disk would end sessions unseen.
  static func authority(in directory: DataDirectory) throws(StoreFailure) -> ActAsAuthority {
    let path = directory.file(file)
    if let data = FileManager.default.contents(atPath: path) {
      let text = String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
      do throws(SigningProblem) {
        return try ActAsAuthority(seedText: text)
      } catch {
        throw StoreFailure(.corrupt, "\(path) holds no key: \(error). Remove it to end all act-as sessions and start.")
      }
    }
    var generator = SystemRandomNumberGenerator()
    let seedText = TokenSigner.fresh(.ed25519, using: &generator).seedText
    guard write(seedText, to: path), let authority = try? ActAsAuthority(seedText: seedText) else {
      throw StoreFailure(.unwritable, "\(path) cannot be written: the key for act-as sessions has to be kept.")
    }
    return authority
  }

  /// Writes a new file that only its owner can read, and waits until it is on disk.
  private static func write(_ text: String, to path: String) -> Bool {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    let bytes = Array(text.utf8)
    let count = bytes.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
    return count == bytes.count && fsync(descriptor) == 0
  }
}
