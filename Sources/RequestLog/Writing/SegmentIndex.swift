import Foundation
import Telemetry

/// Which lines of a segment carry which id: pairs of 64-bit key and 32-bit offset.
///
/// In a closed segment's `.idx` file: `BWIDX001`, then the pairs sorted by key and offset, 12 bytes each, big endian.
struct SegmentIndex {
  private var keys: [UInt64] = []
  private var offsets: [UInt32] = []

  static let magic = Array("BWIDX001".utf8)
  private static let pairBytes = 12

  init() {}

  /// Rebuilds the index of a segment from its lines.
  init(scanning bytes: [UInt8]) {
    var start = 0
    while start < bytes.count {
      let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
      let line = bytes[start..<end]
      for name in ["request_id", "trace_id", "order"] {
        if let id = Self.value(of: name, in: line) { add(LogKey.of(id), UInt32(start)) }
      }
      start = end + 1
    }
  }

  mutating func add(_ key: UInt64, _ offset: UInt32) {
    keys.append(key)
    offsets.append(offset)
  }

  /// Offsets under `key`, ascending. A linear scan: a segment holds some ten thousand pairs, read in tens of microseconds.
  func offsets(of key: UInt64) -> [UInt32] {
    keys.indices.lazy.filter { keys[$0] == key }.map { offsets[$0] }
  }

  mutating func write(to path: String) {
    let pairs = zip(keys, offsets).sorted { $0 < $1 }
    var bytes = Self.magic
    bytes.reserveCapacity(bytes.count + pairs.count * Self.pairBytes)
    for (key, offset) in pairs {
      for shift in stride(from: 56, through: 0, by: -8) {
        bytes.append(UInt8(truncatingIfNeeded: key >> UInt64(shift)))
      }
      for shift in stride(from: 24, through: 0, by: -8) {
        bytes.append(UInt8(truncatingIfNeeded: offset >> UInt32(shift)))
      }
    }
    // Without it the segment is scanned again at the next start.
    _ = FileManager.default.createFile(atPath: path, contents: Data(bytes))
  }

  /// Offsets under `key` in an index file, by binary search.
  static func offsets(of key: UInt64, in path: String) -> [UInt32] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return [] }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { return [] }
    let count = (Int(status.st_size) - magic.count) / pairBytes
    guard count > 0 else { return [] }
    func pair(_ position: Int) -> (key: UInt64, offset: UInt32)? {
      var bytes = [UInt8](repeating: 0, count: pairBytes)
      guard pread(descriptor, &bytes, pairBytes, off_t(magic.count + position * pairBytes)) == pairBytes else {
        return nil
      }
      return (
        bytes[..<8].reduce(0) { $0 << 8 | UInt64($1) }, bytes[8...].reduce(0) { $0 << 8 | UInt32($1) }
      )
    }
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      guard let found = pair(middle) else { return [] }
      if found.key < key { low = middle + 1 } else { high = middle }
    }
    var offsets: [UInt32] = []
    while low < count, let found = pair(low), found.key == key {
      offsets.append(found.offset)
      low += 1
    }
    return offsets
  }

  /// The value of a plain string member, found without parsing: ids hold no escapes.
  private static func value(of name: String, in line: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
    let mark = Array("\"\(name)\":\"".utf8)
    guard line.count > mark.count else { return nil }
    var start = line.startIndex
    while start + mark.count < line.endIndex {
      if line[start] == mark[0], line[start..<start + mark.count].elementsEqual(mark) {
        let from = start + mark.count
        return line[from..<(line[from...].firstIndex(of: UInt8(ascii: "\"")) ?? line.endIndex)]
      }
      start += 1
    }
    return nil
  }
}
