import PromQL

/// Writes a block's index, format version 2
/// (https://github.com/prometheus/prometheus/blob/main/tsdb/docs/format/index.md).
enum IndexWriter {
  static let magic: UInt32 = 0xbaaa_d700
  static let version: UInt8 = 2
  /// Series begin at multiples of this; their references count in it.
  static let seriesAlignment = 16

  /// - Parameter series: sorted by labels.
  static func write(
    _ series: [(labels: Labels, chunks: [ChunkPlace])], to path: String
  ) throws(MetricFileError) {
    var file = try OutputFile(creating: path)
    var head: [UInt8] = []
    head.append(big32: magic)
    head.append(version)
    try file.write(head)

    let symbolsOffset = file.size
    let symbols = sortedSymbols(series)
    var numbers: [[UInt8]: Int] = [:]
    for (number, symbol) in symbols.enumerated() { numbers[symbol] = number }
    var table: [UInt8] = []
    table.append(big32: UInt32(symbols.count))
    for symbol in symbols { table.append(string: symbol) }
    try writeSection(table, to: &file)

    let seriesOffset = file.size
    // label name → value → references, both in byte order.
    var postings: [Int: [Int: [UInt32]]] = [:]
    var all: [UInt32] = []
    for one in series {
      try pad(&file, to: seriesAlignment)
      let reference = UInt32(file.size / seriesAlignment)
      all.append(reference)
      var entry: [UInt8] = []
      var pairs: [UInt8] = []
      var count = 0
      one.labels.forEach { name, value in
        let (name, value) = (numbers[Array(name)] ?? 0, numbers[Array(value)] ?? 0)
        pairs.append(uvarint: UInt64(name))
        pairs.append(uvarint: UInt64(value))
        postings[name, default: [:]][value, default: []].append(reference)
        count += 1
      }
      entry.append(uvarint: UInt64(count))
      entry += pairs
      append(one.chunks, to: &entry)
      var framed: [UInt8] = []
      framed.append(uvarint: UInt64(entry.count))
      framed += entry
      framed.append(big32: CRC32C.of(entry))
      try file.write(framed)
    }

    // Readers of version 2 take label values from the postings table; the label indices are empty.
    let labelIndices = file.size
    try pad(&file, to: 4)
    let postingsOffset = file.size
    var offsets: [UInt8] = []
    var lists = 1
    append(name: [], value: [], at: try writePostings(all, to: &file), to: &offsets)
    for (name, values) in postings.sorted(by: { $0.key < $1.key }) {
      for (value, references) in values.sorted(by: { $0.key < $1.key }) {
        append(name: symbols[name], value: symbols[value], at: try writePostings(references, to: &file), to: &offsets)
        lists += 1
      }
    }
    let labelTable = file.size
    var empty: [UInt8] = []
    empty.append(big32: 0)
    try writeSection(empty, to: &file)
    let postingsTable = file.size
    var counted: [UInt8] = []
    counted.append(big32: UInt32(lists))
    try writeSection(counted + offsets, to: &file)

    var contents: [UInt8] = []
    for offset in [symbolsOffset, seriesOffset, labelIndices, labelTable, postingsOffset, postingsTable] {
      contents.append(big64: UInt64(offset))
    }
    contents.append(big32: CRC32C.of(contents))
    try file.write(contents)
    try file.sync()
  }

  private static func sortedSymbols(_ series: [(labels: Labels, chunks: [ChunkPlace])]) -> [[UInt8]] {
    var seen: Set<[UInt8]> = []
    for one in series {
      one.labels.forEach { name, value in
        seen.insert(Array(name))
        seen.insert(Array(value))
      }
    }
    return seen.sorted { $0.lexicographicallyPrecedes($1) }
  }

  private static func append(_ chunks: [ChunkPlace], to entry: inout [UInt8]) {
    entry.append(uvarint: UInt64(chunks.count))
    var previous: ChunkPlace?
    for chunk in chunks {
      if let previous {
        entry.append(uvarint: UInt64(bitPattern: chunk.firstTime - previous.lastTime))
        entry.append(uvarint: UInt64(bitPattern: chunk.lastTime - chunk.firstTime))
        entry.append(varint: Int64(bitPattern: chunk.reference) - Int64(bitPattern: previous.reference))
      } else {
        entry.append(varint: chunk.firstTime)
        entry.append(uvarint: UInt64(bitPattern: chunk.lastTime - chunk.firstTime))
        entry.append(uvarint: chunk.reference)
      }
      previous = chunk
    }
  }

  private static func writePostings(_ references: [UInt32], to file: inout OutputFile) throws(MetricFileError) -> Int {
    try pad(&file, to: 4)
    let offset = file.size
    var list: [UInt8] = []
    list.reserveCapacity(4 * references.count + 4)
    list.append(big32: UInt32(references.count))
    for reference in references { list.append(big32: reference) }
    try writeSection(list, to: &file)
    return offset
  }

  private static func append(name: [UInt8], value: [UInt8], at offset: Int, to table: inout [UInt8]) {
    table.append(uvarint: 2)
    table.append(string: name)
    table.append(string: value)
    table.append(uvarint: UInt64(offset))
  }

  /// Length, content, checksum.
  private static func writeSection(_ content: [UInt8], to file: inout OutputFile) throws(MetricFileError) {
    var framed: [UInt8] = []
    framed.append(big32: UInt32(content.count))
    framed += content
    framed.append(big32: CRC32C.of(content))
    try file.write(framed)
  }

  private static func pad(_ file: inout OutputFile, to alignment: Int) throws(MetricFileError) {
    let rest = file.size % alignment
    if rest > 0 { try file.write([UInt8](repeating: 0, count: alignment - rest)) }
  }
}
