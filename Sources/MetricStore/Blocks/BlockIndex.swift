import PromQL

/// A block's index, read where it lies in the mapped file. In memory are only a sample of the symbols' offsets and of the
/// postings table.
final class BlockIndex: Sendable {
  private let file: MappedFile
  /// Offset of every `stride`th symbol.
  private let symbols: [UInt32]
  private let symbolCount: Int
  /// By label name, in order: where each `stride`th of its values stands in the postings table.
  private let names: [(name: [UInt8], entries: [Int], end: Int)]
  /// Offset of the list of all series.
  private let allPostings: Int

  private static let stride = 16

  init(_ path: String) throws(MetricFileError) {
    file = try MappedFile(path)
    let bytes = file.bytes
    let contentsBytes = 6 * 8 + 4
    var head = ByteReader(bytes)
    var contents = ByteReader(bytes, (bytes.count - contentsBytes)..<bytes.count)
    guard head.big32() == IndexWriter.magic, head.byte() == IndexWriter.version, contents.left == contentsBytes,
      CRC32C.of(UnsafeRawBufferPointer(rebasing: bytes[(bytes.count - contentsBytes)..<(bytes.count - 4)]))
        == bytes.loadUnaligned(fromByteOffset: bytes.count - 4, as: UInt32.self).bigEndian
    else { throw MetricFileError(damaged: path, "it is no index of version 2") }
    var offsets: [Int] = []
    for _ in 0..<6 { offsets.append(Int(truncatingIfNeeded: contents.big64() ?? 0)) }
    (symbols, symbolCount) = try Self.symbols(file, offsets[0])
    (names, allPostings) = try Self.postingsTable(file, offsets[5])
  }

  /// The content of the section at `offset`, whose checksum must be right.
  private static func section(_ file: MappedFile, _ offset: Int) throws(MetricFileError) -> Range<Int> {
    var reader = ByteReader(file.bytes, max(0, offset)..<file.bytes.count)
    guard let length = reader.big32(), reader.left >= Int(length) + 4 else {
      throw damage(file, "a section is cut off")
    }
    let content = reader.position..<(reader.position + Int(length))
    let checksum = file.bytes.loadUnaligned(fromByteOffset: content.upperBound, as: UInt32.self).bigEndian
    guard CRC32C.of(UnsafeRawBufferPointer(rebasing: file.bytes[content])) == checksum else {
      throw damage(file, "a checksum is wrong")
    }
    return content
  }

  private static func damage(_ file: MappedFile, _ what: String) -> MetricFileError {
    MetricFileError(damaged: file.path, what)
  }

  private static func symbols(_ file: MappedFile, _ offset: Int) throws(MetricFileError) -> ([UInt32], Int) {
    var reader = ByteReader(file.bytes, try section(file, offset))
    let count = Int(reader.big32() ?? 0)
    var offsets: [UInt32] = []
    for number in 0..<count {
      if number % stride == 0 { offsets.append(UInt32(truncatingIfNeeded: reader.position)) }
      guard reader.string() != nil else { throw damage(file, "a symbol is cut off") }
    }
    return (offsets, count)
  }

  private static func postingsTable(
    _ file: MappedFile, _ offset: Int
  ) throws(MetricFileError) -> ([(name: [UInt8], entries: [Int], end: Int)], Int) {
    var reader = ByteReader(file.bytes, try section(file, offset))
    let count = Int(reader.big32() ?? 0)
    var names: [(name: [UInt8], entries: [Int], end: Int)] = []
    var all: Int?
    var values = 0
    for _ in 0..<count {
      let start = reader.position
      guard reader.uvarint() == 2, let name = reader.string(), reader.string() != nil, let list = reader.uvarint()
      else {
        throw damage(file, "the postings table is cut off")
      }
      if name.isEmpty {
        all = Int(truncatingIfNeeded: list)
        continue
      }
      if names.last.map({ !name.elementsEqual($0.name) }) ?? true {
        names.append((Array(name), [], start))
        values = 0
      }
      if values % stride == 0 { names[names.count - 1].entries.append(start) }
      names[names.count - 1].end = reader.position
      values += 1
    }
    guard let all else { throw damage(file, "it lists no series") }
    return (names, all)
  }

  private func symbol(_ number: UInt64) -> UnsafeRawBufferPointer? {
    guard number < UInt64(symbolCount) else { return nil }
    let start = Int(symbols[Int(number) / Self.stride])
    var reader = ByteReader(file.bytes, start..<file.bytes.count)
    for _ in 0..<(Int(number) % Self.stride) { guard reader.string() != nil else { return nil } }
    return reader.string()
  }

  // MARK: Look-ups

  var labelNames: [String] { names.map { String(decoding: $0.name, as: UTF8.self) } }

  /// Calls `body` with each value of a label, in order, and where its list of series is, until it says false.
  func forEachValue(
    of name: [UInt8], _ body: (_ value: UnsafeRawBufferPointer, _ list: Int) -> Bool
  ) throws(MetricFileError) {
    guard let entry = entry(of: name), let first = entry.entries.first else { return }
    try scan(first..<entry.end, body)
  }

  private func entry(of name: [UInt8]) -> (name: [UInt8], entries: [Int], end: Int)? {
    names.first { $0.name == name }
  }

  private func scan(
    _ range: Range<Int>, _ body: (_ value: UnsafeRawBufferPointer, _ list: Int) -> Bool
  ) throws(MetricFileError) {
    var reader = ByteReader(file.bytes, range)
    while !reader.isAtEnd {
      guard reader.uvarint() != nil, reader.string() != nil, let value = reader.string(), let list = reader.uvarint()
      else { throw Self.damage(file, "the postings table is cut off") }
      guard body(value, Int(truncatingIfNeeded: list)) else { return }
    }
  }

  /// References of the series with this value, nil if there are none.
  func references(_ name: [UInt8], _ value: [UInt8]) throws(MetricFileError) -> [UInt32]? {
    guard let entry = entry(of: name) else { return nil }
    // The last sampled entry whose value is not after the one sought.
    var (low, high) = (0, entry.entries.count)
    while low + 1 < high {
      let middle = (low + high) / 2
      var isAfter = false
      try scan(entry.entries[middle]..<entry.end) { found, _ in
        isAfter = value.lexicographicallyPrecedes(found)
        return false
      }
      if isAfter { high = middle } else { low = middle }
    }
    var list: Int?
    try scan(entry.entries[low]..<entry.end) { found, offset in
      if found.elementsEqual(value) { list = offset }
      return list == nil && !value.lexicographicallyPrecedes(found)
    }
    guard let list else { return nil }
    return try references(at: list)
  }

  func allReferences() throws(MetricFileError) -> [UInt32] { try references(at: allPostings) }

  func references(at list: Int) throws(MetricFileError) -> [UInt32] {
    var reader = ByteReader(file.bytes, try Self.section(file, list))
    guard let count = reader.big32(), reader.left == 4 * Int(count) else {
      throw Self.damage(file, "a list of series is cut off")
    }
    var references: [UInt32] = []
    references.reserveCapacity(Int(count))
    while let reference = reader.big32() { references.append(reference) }
    return references
  }

  /// Labels and chunks of one series.
  func series(_ reference: UInt32) throws(MetricFileError) -> (labels: Labels, chunks: [ChunkPlace]) {
    let offset = Int(reference) * IndexWriter.seriesAlignment
    guard offset < file.bytes.count else { throw Self.damage(file, "a series lies outside") }
    var reader = ByteReader(file.bytes, offset..<file.bytes.count)
    guard let entry = reader.string(), let checksum = reader.big32(), CRC32C.of(entry) == checksum else {
      throw Self.damage(file, "the checksum of a series is wrong")
    }
    var content = ByteReader(entry)
    var builder = LabelsBuilder()
    guard let labels = content.count() else { throw Self.damage(file, "a series is cut off") }
    for _ in 0..<labels {
      guard let name = content.uvarint(), let value = content.uvarint(), let nameBytes = symbol(name),
        let valueBytes = symbol(value)
      else { throw Self.damage(file, "a series names an unknown symbol") }
      builder.append(name: nameBytes, value: valueBytes)
    }
    guard let set = try? builder.build(), let chunks = Self.chunks(&content) else {
      throw Self.damage(file, "a series is cut off")
    }
    return (set, chunks)
  }

  private static func chunks(_ reader: inout ByteReader) -> [ChunkPlace]? {
    guard let count = reader.count() else { return nil }
    var chunks: [ChunkPlace] = []
    chunks.reserveCapacity(count)
    for position in 0..<count {
      let first: Int64
      if position == 0 {
        guard let time = reader.varint() else { return nil }
        first = time
      } else {
        guard let gap = reader.uvarint() else { return nil }
        first = chunks[position - 1].lastTime &+ Int64(bitPattern: gap)
      }
      guard let length = reader.uvarint() else { return nil }
      let reference: UInt64
      if position == 0 {
        guard let start = reader.uvarint() else { return nil }
        reference = start
      } else {
        guard let step = reader.varint() else { return nil }
        reference = UInt64(bitPattern: Int64(bitPattern: chunks[position - 1].reference) &+ step)
      }
      chunks.append(
        ChunkPlace(firstTime: first, lastTime: first &+ Int64(bitPattern: length), reference: reference))
    }
    return chunks
  }
}
