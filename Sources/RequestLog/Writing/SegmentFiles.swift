import Foundation
import Telemetry
import Threads

/// The segment files of one folder: `<unix ms of its start>.log` with lines, and beside each closed one `.idx`.
///
/// `docs/reference/log-segments.md` specifies both formats.
struct SegmentFiles {
  private let folder: SegmentFolder
  private let segmentBytesMax: Int
  private let totalBytesMax: Int
  private let now: @Sendable () -> Int64
  /// Closed segments, oldest first, with the bytes of their lines.
  private var closed: [(start: Int64, bytes: Int)]
  private var active: ActiveSegment

  private struct ActiveSegment {
    let start: Int64
    let descriptor: Int32
    var size: Int
    var index: SegmentIndex
  }

  /// - Parameter now: names new segments, nothing else.
  init(_ path: String, segmentBytesMax: Int, totalBytesMax: Int, now: @escaping @Sendable () -> Int64) throws {
    let folder = SegmentFolder(path: path)
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    let starts = try folder.starts()
    self.folder = folder
    self.segmentBytesMax = segmentBytesMax
    self.totalBytesMax = totalBytesMax
    self.now = now
    closed = starts.dropLast().map { ($0, folder.size(of: $0)) }
    active = try Self.open(folder, starts.last ?? now())
    // A crash may have left closed segments without an index.
    for (start, _) in closed where !SegmentIndex.isWhole(folder.path(start, "idx")) {
      SegmentIndex(scanning: folder.bytes(of: start)).write(to: folder.path(start, "idx"))
    }
    deleteOldest()
  }

  private static func open(_ folder: SegmentFolder, _ start: Int64) throws -> ActiveSegment {
    let path = folder.path(start, "log")
    let descriptor = Foundation.open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw SegmentFailure(path: path, reason: String(cString: strerror(errno))) }
    var bytes = folder.bytes(of: start)
    let index = SegmentIndex(scanning: bytes)
    // A crash may have torn the last line: it is ended, so that the next one stands alone.
    if let last = bytes.last, last != UInt8(ascii: "\n") {
      guard SegmentFolder.write([UInt8(ascii: "\n")], to: descriptor, at: bytes.count) else {
        throw SegmentFailure(path: path, reason: String(cString: strerror(errno)))
      }
      bytes.append(UInt8(ascii: "\n"))
    }
    return ActiveSegment(start: start, descriptor: descriptor, size: bytes.count, index: index)
  }

  func close() { _ = Foundation.close(active.descriptor) }

  var oldestKept: Int64 { closed.first?.start ?? active.start }

  // MARK: Writing

  /// Appends a block whole; false, with nothing written, when the disk refuses.
  mutating func append(_ block: LogBlock) -> Bool {
    let base = active.size
    // Offsets have 32 bits. Only a disk that lets no new segment be opened makes one this long.
    guard base + block.bytes.count <= Int(UInt32.max) else { return false }
    guard SegmentFolder.write(block.bytes, to: active.descriptor, at: base) else {
      // Half a line would swallow the next one.
      if ftruncate(active.descriptor, off_t(base)) != 0 { rotate() }
      return false
    }
    active.size += block.bytes.count
    for entry in block.entries { active.index.add(entry.key, UInt32(base) + entry.offset) }
    if active.size >= segmentBytesMax { rotate() }
    return true
  }

  private mutating func rotate() {
    let start = max(now(), active.start + 1)
    guard let next = try? Self.open(folder, start) else { return }  // the disk is full; go on with the old one
    active.index.write(to: folder.path(active.start, "idx"))
    close()
    closed.append((active.start, active.size))
    active = next
    deleteOldest()
  }

  private mutating func deleteOldest() {
    var total = closed.reduce(segmentBytesMax) { $0 + $1.bytes }
    while total > totalBytesMax, let oldest = closed.first {
      unlink(folder.path(oldest.start, "log"))
      unlink(folder.path(oldest.start, "idx"))
      closed.removeFirst()
      total -= oldest.bytes
    }
  }

  // MARK: Reading

  /// What can be read now, for a reader that works without the writer's lock.
  var reader: SegmentReader {
    SegmentReader(folder: folder, closed: closed.map(\.start), active: active.start, activeSize: active.size)
  }

  /// Offsets of lines under a key in the active segment, ascending.
  func activeOffsets(of key: UInt64) -> [UInt32] { active.index.offsets(of: key) }
}

/// Where the files of the segments are.
struct SegmentFolder: Sendable {
  let path: String

  func path(_ start: Int64, _ suffix: String) -> String { "\(path)/\(start).\(suffix)" }

  /// Starts of all segments, oldest first.
  func starts() throws -> [Int64] {
    try FileManager.default.contentsOfDirectory(atPath: path)
      .compactMap { $0.hasSuffix(".log") ? Int64($0.dropLast(4)) : nil }.sorted()
  }

  func bytes(of start: Int64) -> [UInt8] { [UInt8](FileManager.default.contents(atPath: path(start, "log")) ?? Data()) }

  func size(of start: Int64) -> Int {
    var status = stat()
    return stat(path(start, "log"), &status) == 0 ? Int(status.st_size) : 0
  }

  /// The system copies a piece in one go, and a thread that serves requests on the same processor waits for it: some ten
  /// microseconds a piece, where a block of 128 KiB takes 100 to 450. Pieces end where pages do: a page written in two goes
  /// costs nearly twice as much.
  private static let pieceBytes = 16 * 1024

  /// Appends all of it to a file of `size` bytes; false when the disk refuses, with any part of it written.
  static func write(_ bytes: [UInt8], to descriptor: Int32, at size: Int) -> Bool {
    bytes.withUnsafeBytes { buffer in
      var rest = UnsafeRawBufferPointer(buffer)
      while !rest.isEmpty {
        let end = size + buffer.count - rest.count
        let count = Foundation.write(descriptor, rest.baseAddress, min(rest.count, pieceBytes - end % pieceBytes))
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return false }
        rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        ThreadSchedule.giveWay()
      }
      return true
    }
  }
}

struct SegmentFailure: Error, CustomStringConvertible {
  let path: String
  let reason: String

  var description: String { "The log segment \(path) cannot be opened: \(reason)." }
}
