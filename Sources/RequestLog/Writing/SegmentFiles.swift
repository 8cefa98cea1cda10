import Foundation
import Telemetry

/// The segment files of one folder: `<unix ms of its start>.log` with lines, and beside each closed one `.idx`.
///
/// `docs/reference/log-segments.md` specifies both formats.
struct SegmentFiles {
  private let folder: String
  private let segmentBytesMax: Int
  private let totalBytesMax: Int
  /// Starts of closed segments, oldest first.
  private var closed: [Int64]
  private var active: ActiveSegment

  private struct ActiveSegment {
    let start: Int64
    let descriptor: Int32
    var size: Int
    var index: SegmentIndex
  }

  init(_ folder: String, segmentBytesMax: Int, totalBytesMax: Int) throws {
    self.folder = folder
    self.segmentBytesMax = segmentBytesMax
    self.totalBytesMax = totalBytesMax
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let starts = try FileManager.default.contentsOfDirectory(atPath: folder)
      .compactMap { $0.hasSuffix(".log") ? Int64($0.dropLast(4)) : nil }.sorted()
    let newest = starts.last ?? Self.now()
    closed = starts.dropLast()
    active = try Self.open(folder, newest)
    // A crash may have left closed segments without an index.
    for start in closed where access(Self.path(folder, start, "idx"), R_OK) != 0 { writeIndex(of: start) }
  }

  private static func now() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)  // only names a file
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
  }

  private static func path(_ folder: String, _ start: Int64, _ suffix: String) -> String {
    "\(folder)/\(start).\(suffix)"
  }

  private static func open(_ folder: String, _ start: Int64) throws -> ActiveSegment {
    let path = path(folder, start, "log")
    let descriptor = Foundation.open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw SegmentFailure(path: path, reason: String(cString: strerror(errno))) }
    let bytes = [UInt8](FileManager.default.contents(atPath: path) ?? Data())
    // A torn last line is overwritten by nothing: it is ended, so that the next line stands alone.
    if let last = bytes.last, last != UInt8(ascii: "\n") { _ = write(descriptor, "\n", 1) }
    return ActiveSegment(
      start: start, descriptor: descriptor, size: bytes.count, index: SegmentIndex(scanning: bytes))
  }

  var oldestKept: Int64? { closed.first ?? active.start }

  // MARK: Writing

  /// Appends a block; false when the disk refuses.
  mutating func append(_ block: LogBlock) -> Bool {
    let base = active.size
    let written = block.bytes.withUnsafeBytes { write(active.descriptor, $0.baseAddress, $0.count) }
    guard written == block.bytes.count else {
      if written > 0 { active.size += written }
      return false
    }
    active.size += written
    for entry in block.entries { active.index.add(entry.key, UInt32(base) + entry.offset) }
    if active.size >= segmentBytesMax { rotate() }
    return true
  }

  private mutating func rotate() {
    let start = max(Self.now(), active.start + 1)
    guard let next = try? Self.open(folder, start) else { return }  // the disk is full; go on with the old one
    active.index.write(to: Self.path(folder, active.start, "idx"))
    close(active.descriptor)
    closed.append(active.start)
    active = next
    while closed.count * segmentBytesMax > totalBytesMax - segmentBytesMax, let oldest = closed.first {
      unlink(Self.path(folder, oldest, "log"))
      unlink(Self.path(folder, oldest, "idx"))
      closed.removeFirst()
    }
  }

  private func writeIndex(of start: Int64) {
    let bytes = [UInt8](FileManager.default.contents(atPath: Self.path(folder, start, "log")) ?? Data())
    var index = SegmentIndex(scanning: bytes)
    index.write(to: Self.path(folder, start, "idx"))
  }

  // MARK: Reading

  /// Lines under a key, oldest first.
  mutating func lines(key: UInt64, limit: Int) -> [[UInt8]] {
    var found: [[UInt8]] = []
    for start in closed where found.count < limit {
      let offsets = SegmentIndex.offsets(of: key, in: Self.path(folder, start, "idx"))
      found += read(offsets, from: Self.path(folder, start, "log"))
    }
    found += read(active.index.offsets(of: key), from: Self.path(folder, active.start, "log"))
    return Array(found.prefix(limit))
  }

  private func read(_ offsets: [UInt32], from path: String) -> [[UInt8]] {
    guard !offsets.isEmpty else { return [] }
    let descriptor = Foundation.open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return [] }
    defer { close(descriptor) }
    return offsets.compactMap { Self.line(descriptor, at: Int($0)) }
  }

  /// Longest line read back.
  private static let lineBytesMax = 64 * 1024

  private static func line(_ descriptor: Int32, at offset: Int) -> [UInt8]? {
    var size = 1024
    while size <= lineBytesMax {
      var bytes = [UInt8](repeating: 0, count: size)
      let count = pread(descriptor, &bytes, size, off_t(offset))
      guard count > 0 else { return nil }
      if let end = bytes[..<count].firstIndex(of: UInt8(ascii: "\n")) { return Array(bytes[..<end]) }
      if count < size { return nil }
      size *= 4
    }
    return nil
  }

  /// Lines from the newest to the oldest, read from the end a block at a time, until `visit` answers false.
  func scanBackwards(bytesMax: Int, _ visit: ([UInt8]) -> Bool) {
    var left = bytesMax
    for start in [active.start] + closed.reversed() where left > 0 {
      let descriptor = Foundation.open(Self.path(folder, start, "log"), O_RDONLY | O_CLOEXEC)
      guard descriptor >= 0 else { continue }
      defer { close(descriptor) }
      guard Self.scanBackwards(descriptor, &left, visit) else { return }
    }
  }

  private static let scanBlockBytes = 256 * 1024

  /// False when `visit` has seen enough.
  private static func scanBackwards(_ descriptor: Int32, _ left: inout Int, _ visit: ([UInt8]) -> Bool) -> Bool {
    var end = Int(lseek(descriptor, 0, SEEK_END))
    /// The beginning of a line whose rest was in the block read before.
    var tail: [UInt8] = []
    while end > 0, left > 0 {
      let size = min(scanBlockBytes, end)
      var block = [UInt8](repeating: 0, count: size)
      guard pread(descriptor, &block, size, off_t(end - size)) == size else { return true }
      end -= size
      left -= size
      var lines = (block + tail).split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
      tail = end > 0 ? Array(lines.removeFirst()) : []
      for line in lines.reversed() where !line.isEmpty {
        if !visit(Array(line)) { return false }
      }
    }
    return true
  }
}

struct SegmentFailure: Error, CustomStringConvertible {
  let path: String
  let reason: String

  var description: String { "The log segment \(path) cannot be opened: \(reason)." }
}
