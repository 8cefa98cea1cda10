package import ControlModel
import Dispatch
import Foundation

/// Append-only file of stops, on disk before a stop is answered: it does not wait for SQLite, and it is what a restart
/// trusts when the database did not get the last word. `docs/reference/control-journal.md` specifies its bytes.
package final class ControlJournal: Sendable {
  /// `BWJOUR01`
  static let magic = Array("BWJOUR01".utf8)
  /// Past this size it is rewritten at the next start, when everything in it is in the store.
  private let descriptor: Int32
  /// One writer; off the cooperative pool, because an fsync may take long.
  private let queue = DispatchQueue(label: "breakwater.journal", qos: .userInitiated)

  /// Opens or creates the journal and returns the stops in it, in order. A torn last record (a crash while writing, so
  /// nobody was told) is cut off; damage anywhere else throws `corrupt`.
  package static func open(_ path: String) throws(StoreFailure) -> (journal: ControlJournal, stops: [Control]) {
    let descriptor = Foundation.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      throw StoreFailure(.unwritable, "The control journal \(path) cannot be opened: \(DataDirectory.reason()).")
    }
    do throws(StoreFailure) {
      let bytes = try readAll(descriptor, path)
      let (stops, sound) = try decode(bytes, path)
      if sound == 0 {
        try writeAll(descriptor, magic, path)
      } else if sound < bytes.count {
        guard ftruncate(descriptor, off_t(sound)) == 0 else {
          throw StoreFailure(.unwritable, "The control journal \(path) cannot be repaired: \(DataDirectory.reason()).")
        }
      }
      lseek(descriptor, 0, SEEK_END)
      return (ControlJournal(descriptor), stops)
    } catch {
      close(descriptor)
      throw error
    }
  }

  private init(_ descriptor: Int32) {
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }

  /// Appends a stop; when it returns, it survives a crash. Throws `unavailable` when the disk refuses.
  package func record(_ control: Control) async throws(StoreFailure) {
    let record = Self.encode(control)
    let descriptor = descriptor
    let failure: StoreFailure? = await withCheckedContinuation { continuation in
      queue.async {
        do throws(StoreFailure) {
          try Self.writeAll(descriptor, record, "control journal")
          guard fdatasync(descriptor) == 0 else {
            throw StoreFailure(.unavailable, "The control journal cannot be synced: \(DataDirectory.reason()).")
          }
          continuation.resume(returning: nil)
        } catch {
          continuation.resume(returning: error)
        }
      }
    }
    if let failure { throw failure }
  }

  /// Empties the journal, when the store holds everything in it.
  package func clear() throws(StoreFailure) {
    guard ftruncate(descriptor, off_t(Self.magic.count)) == 0, fdatasync(descriptor) == 0 else {
      throw StoreFailure(.unavailable, "The control journal cannot be emptied: \(DataDirectory.reason()).")
    }
    lseek(descriptor, 0, SEEK_END)
  }

  // MARK: Bytes

  /// length (4, big endian) ‖ CRC-32C of the payload (4, big endian) ‖ payload
  static func encode(_ control: Control) -> [UInt8] {
    let payload = StoredControl(control).canonicalJSON
    return bigEndian(UInt32(payload.count)) + bigEndian(CRC32C.of(payload)) + payload
  }

  /// The stops in `bytes`, and how many bytes from the start are sound.
  static func decode(_ bytes: [UInt8], _ path: String) throws(StoreFailure) -> (stops: [Control], sound: Int) {
    guard bytes.count >= magic.count else { return ([], 0) }
    guard Array(bytes[..<magic.count]) == magic else {
      throw StoreFailure(.corrupt, "The file \(path) is not a control journal. Move it away after checking the store.")
    }
    var stops: [Control] = []
    var position = magic.count
    while position < bytes.count {
      guard position + 8 <= bytes.count else { break }
      let length = Int(word(bytes, position))
      let end = position + 8 + length
      guard length <= recordBytesMax, end <= bytes.count else { break }
      let payload = Array(bytes[(position + 8)..<end])
      guard CRC32C.of(payload) == word(bytes, position + 4), let control = StoredControl.decode(payload) else {
        guard end == bytes.count else {
          throw StoreFailure(
            .corrupt,
            "The control journal \(path) is damaged at byte \(position); trading stays held. Restore the file.")
        }
        break
      }
      stops.append(control)
      position = end
    }
    return (stops, position)
  }

  /// Longest record: a reason of the greatest length in four-byte characters, escaped, with room for the ids.
  static let recordBytesMax = 16 * 1024

  private static func word(_ bytes: [UInt8], _ at: Int) -> UInt32 {
    bytes[at..<at + 4].reduce(0) { $0 << 8 | UInt32($1) }
  }

  private static func bigEndian(_ value: UInt32) -> [UInt8] {
    [UInt8(value >> 24), UInt8(value >> 16 & 0xff), UInt8(value >> 8 & 0xff), UInt8(value & 0xff)]
  }

  private static func readAll(_ descriptor: Int32, _ path: String) throws(StoreFailure) -> [UInt8] {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 64 * 1024)
    while true {
      let count = read(descriptor, &chunk, chunk.count)
      guard count >= 0 else {
        throw StoreFailure(.unavailable, "The control journal \(path) cannot be read: \(DataDirectory.reason()).")
      }
      if count == 0 { return bytes }
      bytes += chunk[..<count]
    }
  }

  private static func writeAll(_ descriptor: Int32, _ bytes: [UInt8], _ path: String) throws(StoreFailure) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
      guard count > 0 else {
        throw StoreFailure(.unavailable, "The \(path) cannot be written: \(DataDirectory.reason()).")
      }
      rest = rest.dropFirst(count)
    }
  }
}

/// CRC-32C (Castagnoli, RFC 3720 appendix B.4), bitwise: journal records are rare and short.
enum CRC32C {
  static func of(_ bytes: [UInt8]) -> UInt32 {
    var crc: UInt32 = 0xffff_ffff
    for byte in bytes {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0x82f6_3b78 : crc >> 1 }
    }
    return ~crc
  }
}
