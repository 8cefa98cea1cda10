import PromQL

/// Where the samples of a chunk lie, and when.
struct ChunkPlace: Sendable {
  let firstTime: Int64
  let lastTime: Int64
  /// Segment number from 0 in the upper half, byte offset in the lower.
  let reference: UInt64
}

/// Writes one block in Prometheus' format: chunk segments while series come in, then index, tombstones and meta.json. The
/// folder gets its name last, so that a block is there as a whole or not at all.
struct BlockWriter: ~Copyable {
  static let chunksMagic: UInt32 = 0x85bd_40dd
  static let tombstonesMagic: UInt32 = 0x0130_ba30
  /// Suffix of a folder that is not a block yet; one found at start is left over from a crash.
  static let temporarySuffix = ".tmp-for-creation"
  /// Prometheus' own bound of a chunk segment.
  private static let segmentBytesMax = 512 << 20

  private let folder: String
  private let parent: String
  private var meta: BlockMeta
  private var segments = 0
  private var chunks: OutputFile
  private var series: [(labels: Labels, chunks: [ChunkPlace])] = []
  private var scratch: [UInt8] = []

  /// - Parameter parent: the folder of all blocks.
  init(_ meta: BlockMeta, in parent: String) throws(MetricFileError) {
    self.parent = parent
    self.meta = meta
    folder = parent + "/" + meta.ulid + Self.temporarySuffix
    Files.removeFolder(folder)
    try Files.makeFolder(folder)
    try Files.makeFolder(folder + "/chunks")
    chunks = try Self.segment(1, in: folder)
    segments = 1
  }

  private static func segment(_ number: Int, in folder: String) throws(MetricFileError) -> OutputFile {
    let digits = String(number)
    let name = String(repeating: "0", count: max(0, 6 - digits.utf8.count)) + digits
    var file = try OutputFile(creating: folder + "/chunks/" + name)
    var head: [UInt8] = []
    head.append(big32: chunksMagic)
    head += [1, 0, 0, 0]
    try file.write(head)
    return file
  }

  /// Adds a series. Precondition: its labels come after those of the one before.
  mutating func append(
    _ labels: Labels, _ parts: [(bytes: UnsafeRawBufferPointer, firstTime: Int64, lastTime: Int64)]
  ) throws(MetricFileError) {
    var places: [ChunkPlace] = []
    places.reserveCapacity(parts.count)
    for part in parts {
      if chunks.size > Self.segmentBytesMax {
        try chunks.sync()
        segments += 1
        chunks = try Self.segment(segments, in: folder)
      }
      let reference = UInt64(segments - 1) << 32 | UInt64(chunks.size)
      scratch.removeAll(keepingCapacity: true)
      scratch.append(uvarint: UInt64(part.bytes.count))
      let start = scratch.count
      scratch.append(1)  // encoding: XOR
      scratch.append(contentsOf: part.bytes)
      let checksum = scratch.withUnsafeBytes { CRC32C.of(UnsafeRawBufferPointer(rebasing: $0[start...])) }
      scratch.append(big32: checksum)
      try chunks.write(scratch)
      places.append(ChunkPlace(firstTime: part.firstTime, lastTime: part.lastTime, reference: reference))
      meta.stats.numChunks += 1
      meta.stats.numSamples += UInt64(part.bytes[0]) << 8 | UInt64(part.bytes[1])
    }
    guard !places.isEmpty else { return }
    series.append((labels, places))
    meta.stats.numSeries += 1
  }

  var isEmpty: Bool { series.isEmpty }

  /// Writes the rest and gives the folder its name. Returns the block's folder.
  consuming func finish() throws(MetricFileError) -> String {
    try chunks.sync()
    try IndexWriter.write(series, to: folder + "/index")
    var tombstones = try OutputFile(creating: folder + "/tombstones")
    var bytes: [UInt8] = []
    bytes.append(big32: Self.tombstonesMagic)
    bytes.append(1)
    bytes.append(big32: CRC32C.of([]))  // of no deletions
    try tombstones.write(bytes)
    try tombstones.sync()
    var description = try OutputFile(creating: folder + "/meta.json")
    try description.write(meta.encoded)
    try description.sync()
    try Files.syncFolder(folder)
    let final = parent + "/" + meta.ulid
    try Files.move(folder, to: final)
    try Files.syncFolder(parent)
    return final
  }
}
