import Foundation

/// A place in the log: everything before it is older. Callers pass it on as text to continue a search.
package struct LogPosition: Sendable, Equatable, CustomStringConvertible {
  let segment: Int64
  let offset: Int

  init(segment: Int64, offset: Int) {
    self.segment = segment
    self.offset = offset
  }

  /// Nil unless `text` is a position's description.
  package init?(_ text: String) {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 2, let segment = Int64(parts[0]), let offset = Int(parts[1]), offset >= 0 else { return nil }
    self.init(segment: segment, offset: offset)
  }

  package var description: String { "\(segment)-\(offset)" }
}

/// Reads segments as they were at one moment. A segment deleted meanwhile reads as empty.
struct SegmentReader: Sendable {
  let folder: SegmentFolder
  /// Starts of closed segments, oldest first.
  let closed: [Int64]
  let active: Int64
  let activeSize: Int

  /// Longest line read back.
  private static let lineBytesMax = 64 * 1024
  private static let scanBlockBytes = 256 * 1024

  /// Lines under a key, oldest first, at most `limit`.
  func lines(key: UInt64, activeOffsets: [UInt32], limit: Int) -> [[UInt8]] {
    var found: [[UInt8]] = []
    for start in closed where found.count < limit {
      let offsets = SegmentIndex.offsets(of: key, in: folder.path(start, "idx"))
      found += read(offsets.prefix(limit - found.count), from: start)
    }
    return found + read(activeOffsets.prefix(limit - found.count), from: active)
  }

  private func read(_ offsets: ArraySlice<UInt32>, from start: Int64) -> [[UInt8]] {
    guard !offsets.isEmpty else { return [] }
    let descriptor = open(folder.path(start, "log"), O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return [] }
    defer { close(descriptor) }
    return offsets.compactMap { Self.line(descriptor, at: Int($0)) }
  }

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

  /// Lines from the newest before `position` to the oldest, until `visit` answers false or `bytesMax` were read. Returns
  /// where to go on, nil when the log ends there.
  func scanBackwards(
    before position: LogPosition?, bytesMax: Int, _ visit: (ArraySlice<UInt8>, LogPosition) -> Bool
  ) -> LogPosition? {
    var left = bytesMax
    for start in [active] + closed.reversed() {
      if let position, start > position.segment { continue }
      var end = start == active ? activeSize : folder.size(of: start)
      if let position, start == position.segment { end = min(end, position.offset) }
      guard end > 0 else { continue }
      if left <= 0 { return LogPosition(segment: start, offset: end) }
      let descriptor = open(folder.path(start, "log"), O_RDONLY | O_CLOEXEC)
      guard descriptor >= 0 else { continue }
      defer { close(descriptor) }
      if let stop = Self.scanBackwards(descriptor, start, end, &left, visit) { return stop }
    }
    return nil
  }

  /// Where it stopped; nil when it reached the beginning of the file.
  private static func scanBackwards(
    _ descriptor: Int32, _ start: Int64, _ size: Int, _ left: inout Int,
    _ visit: (ArraySlice<UInt8>, LogPosition) -> Bool
  ) -> LogPosition? {
    var end = size
    /// The beginning of a line whose rest was in the block read before.
    var tail: [UInt8] = []
    while end > 0 {
      guard left > 0 else { return LogPosition(segment: start, offset: end + tail.count) }
      let count = min(scanBlockBytes, end)
      var block = [UInt8](repeating: 0, count: count)
      guard pread(descriptor, &block, count, off_t(end - count)) == count else { return nil }
      end -= count
      left -= count
      block += tail
      var lineEnd = block.count
      while lineEnd > 0 {
        // A line ends before its line feed; the last one of a file may have none yet.
        let contentEnd = block[lineEnd - 1] == UInt8(ascii: "\n") ? lineEnd - 1 : lineEnd
        let before = block[..<contentEnd].lastIndex(of: UInt8(ascii: "\n"))
        if before == nil, end > 0 { break }
        let first = before.map { $0 + 1 } ?? 0
        lineEnd = first
        guard first < contentEnd else { continue }
        let position = LogPosition(segment: start, offset: end + first)
        if !visit(block[first..<contentEnd], position) { return position }
      }
      tail = Array(block[..<lineEnd])
      // A line longer than a block is none of ours.
      if tail.count > scanBlockBytes { tail = [] }
    }
    return nil
  }
}
