import Foundation
import Telemetry

/// Which lines of a segment carry which id: pairs of 64-bit key and 32-bit offset.
///
/// In a closed segment's `.idx` file: `BWIDX001`, then the pairs sorted by key and offset, 12 bytes each, big endian.
struct SegmentIndex {
  private var keys: [UInt64] = []
  private var offsets: [UInt32] = []

  private static let magic = Array("BWIDX001".utf8)
  private static let pairBytes = 12

  /// The members of a line it can be found by.
  static let idMembers = ["request_id", "trace_id", "order"]

  init() {}

  /// Rebuilds the index of a segment from its lines.
  init(scanning bytes: [UInt8]) {
    let marks = Self.idMembers.map { Array("\"\($0)\":\"".utf8) }
    var start = 0
    while start < bytes.count {
      let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
      for mark in marks {
        if let id = Self.value(after: mark, in: bytes[start..<end]) { add(LogKey.of(Array(id)), UInt32(start)) }
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

  /// By key and, as they were added, by offset. Keys are hashes: dealt out by their first bits, some eight come together, and
  /// few are left to compare (a quarter of what sorting all of them takes).
  func sortedPairs() -> [(key: UInt64, offset: UInt32)] {
    let bits = min(16, max(1, Int.bitWidth - keys.count.leadingZeroBitCount - 3))
    let pile = { (key: UInt64) in Int(key >> UInt64(64 - bits)) }
    var ends = [Int](repeating: 0, count: 1 << bits)
    for key in keys { ends[pile(key)] += 1 }
    var sum = 0
    for index in ends.indices {
      sum += ends[index]
      ends[index] = sum - ends[index]
    }
    var pairs = [(key: UInt64, offset: UInt32)](repeating: (0, 0), count: keys.count)
    for (key, offset) in zip(keys, offsets) {
      pairs[ends[pile(key)]] = (key, offset)
      ends[pile(key)] += 1
    }
    pairs.withUnsafeMutableBufferPointer { pairs in
      var start = 0
      for end in ends {
        if end - start > 1 { pairs[start..<end].sort { ($0.key, $0.offset) < ($1.key, $1.offset) } }
        start = end
      }
    }
    return pairs
  }

  /// Writes the file whole or not at all; without it the segment is scanned again at the next start.
  func write(to path: String) {
    let pairs = sortedPairs()
    let count = Self.magic.count + pairs.count * Self.pairBytes
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { bytes, initializedCount in
      _ = bytes.initialize(fromContentsOf: Self.magic)
      let raw = UnsafeMutableRawBufferPointer(bytes)
      var place = Self.magic.count
      for (key, offset) in pairs {
        raw.storeBytes(of: key.bigEndian, toByteOffset: place, as: UInt64.self)
        raw.storeBytes(of: offset.bigEndian, toByteOffset: place + 8, as: UInt32.self)
        place += Self.pairBytes
      }
      initializedCount = count
    }
    let unfinished = path + ".new"
    let descriptor = open(unfinished, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { return }
    let isWritten = SegmentFolder.write(bytes, to: descriptor, at: 0)
    close(descriptor)
    if !isWritten || rename(unfinished, path) != 0 { unlink(unfinished) }
  }

  /// Whether an index file is there and complete.
  static func isWhole(_ path: String) -> Bool {
    withPairs(in: path) { _, _ in true } ?? false
  }

  /// Offsets under `key` in an index file, ascending, by binary search.
  static func offsets(of key: UInt64, in path: String) -> [UInt32] {
    withPairs(in: path) { count, pair in
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
    } ?? []
  }

  private typealias Pair = (key: UInt64, offset: UInt32)

  /// Nil when the file is not an index.
  private static func withPairs<Result>(
    in path: String, _ body: (_ count: Int, _ pair: (Int) -> Pair?) -> Result
  ) -> Result? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    func read(_ count: Int, at offset: Int) -> [UInt8]? {
      var bytes = [UInt8](repeating: 0, count: count)
      return pread(descriptor, &bytes, count, off_t(offset)) == count ? bytes : nil
    }
    var status = stat()
    guard fstat(descriptor, &status) == 0, read(magic.count, at: 0) == magic else { return nil }
    let size = Int(status.st_size) - magic.count
    guard size % pairBytes == 0 else { return nil }
    return body(size / pairBytes) { position in
      read(pairBytes, at: magic.count + position * pairBytes).map { bytes in
        (bytes[..<8].reduce(0) { $0 << 8 | UInt64($1) }, bytes[8...].reduce(0) { $0 << 8 | UInt32($1) })
      }
    }
  }

  /// The value of a plain string member, found without parsing: ids hold no escapes, and inside of other strings the
  /// quotation marks of `mark` are escaped.
  private static func value(after mark: [UInt8], in line: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
    guard let end = line.end(of: mark) else { return nil }
    let rest = line[end...]
    return rest[..<(rest.firstIndex(of: UInt8(ascii: "\"")) ?? rest.endIndex)]
  }
}

extension ArraySlice<UInt8> {
  /// Where the first occurrence of `needle` ends. Straight over the memory: a search looks at up to 64 MiB of lines.
  func end(of needle: [UInt8]) -> Int? {
    withUnsafeBytes { bytes in
      needle.withUnsafeBytes { wanted in
        guard let last = wanted.last, bytes.count >= wanted.count else { return needle.isEmpty ? startIndex : nil }
        let width = wanted.count
        for end in width - 1..<bytes.count where bytes[end] == last {
          if bytes[end + 1 - width..<end].elementsEqual(wanted[..<(width - 1)]) { return startIndex + end + 1 }
        }
        return nil
      }
    }
  }
}
