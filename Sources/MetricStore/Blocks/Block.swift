import PromQL
import Synchronization

/// A finished block, open for reading. Its files stay open as long as anyone reads them, also once they are deleted.
final class Block: Sendable {
  struct Series: Sendable {
    let labels: Labels
    let chunks: [ChunkPlace]
  }

  let folder: String
  let meta: BlockMeta
  private let index: BlockIndex
  private let segments: [MappedFile]
  /// What selectors matched before; a block never changes.
  private let resolved = Mutex<[SeriesSelector: [Series]]>([:])

  /// Selectors remembered, and series in all of them: some 20 MiB a block that is asked for everything.
  private static let resolvedMax = 64
  private static let resolvedSeriesMax = 50_000

  init(_ folder: String) throws(MetricFileError) {
    self.folder = folder
    meta = try BlockMeta.read(folder)
    index = try BlockIndex(folder + "/index")
    var segments: [MappedFile] = []
    for name in Files.names(in: folder + "/chunks") { segments.append(try MappedFile(folder + "/chunks/" + name)) }
    for segment in segments {
      var reader = ByteReader(segment.bytes)
      guard reader.big32() == BlockWriter.chunksMagic, reader.byte() == 1 else {
        throw MetricFileError(damaged: segment.path, "it is no chunk segment of version 1")
      }
    }
    self.segments = segments
  }

  var bytes: Int {
    segments.reduce(Files.size(of: folder + "/index")) { $0 + $1.bytes.count }
  }

  /// Series all of whose matchers hold. Stopped half way the answer is incomplete and is not remembered.
  func matching(_ selector: SeriesSelector, shouldStop: () -> Bool) throws(MetricFileError) -> [Series] {
    if let known = resolved.withLock({ $0[selector] }) { return known }
    var found: [Series] = []
    for (position, reference) in try candidates(selector).enumerated() {
      if position % 64 == 63, shouldStop() { return found }
      let (labels, chunks) = try index.series(reference)
      if selector.matches(labels) { found.append(Series(labels: labels, chunks: chunks)) }
    }
    let result = found
    resolved.withLock { resolved in
      let held = resolved.values.reduce(result.count) { $0 + $1.count }
      if resolved.count >= Self.resolvedMax || held > Self.resolvedSeriesMax { resolved.removeAll() }
      resolved[selector] = result
    }
    return result
  }

  /// The shortest list of series that a matcher with listable values leads to.
  private func candidates(_ selector: SeriesSelector) throws(MetricFileError) -> [UInt32] {
    var best: [UInt32]?
    for matcher in selector.matchers {
      // A matcher that also accepts a missing label cannot narrow the search.
      guard let values = matcher.literalValues, !values.contains("") else { continue }
      var references: [UInt32] = []
      for value in Set(values) {
        references += try index.references(Array(matcher.name.utf8), Array(value.utf8)) ?? []
      }
      if best.map({ references.count < $0.count }) ?? true { best = references }
    }
    if let best { return best.sorted() }
    return try index.allReferences()
  }

  /// Every series, in the order of their labels.
  func forEachSeries(_ body: (Series) throws(MetricFileError) -> Void) throws(MetricFileError) {
    for reference in try index.allReferences() {
      let (labels, chunks) = try index.series(reference)
      try body(Series(labels: labels, chunks: chunks))
    }
  }

  func allReferences() throws(MetricFileError) -> [UInt32] { try index.allReferences() }

  func series(_ reference: UInt32) throws(MetricFileError) -> Series {
    let (labels, chunks) = try index.series(reference)
    return Series(labels: labels, chunks: chunks)
  }

  /// The bytes of a chunk, valid as long as the block.
  func chunk(_ place: ChunkPlace) throws(MetricFileError) -> UnsafeRawBufferPointer {
    let (number, offset) = (Int(place.reference >> 32), Int(place.reference & 0xffff_ffff))
    guard segments.indices.contains(number), offset < segments[number].bytes.count else {
      throw MetricFileError(damaged: folder, "a chunk lies outside its segments")
    }
    let bytes = segments[number].bytes
    var reader = ByteReader(bytes, offset..<bytes.count)
    guard let length = reader.count(), let content = reader.take(length + 1), let checksum = reader.big32(),
      CRC32C.of(content) == checksum
    else { throw MetricFileError(damaged: segments[number].path, "the checksum of a chunk is wrong") }
    guard content[0] == 1 else {
      throw MetricFileError(damaged: segments[number].path, "a chunk is encoded in a way that is not known here")
    }
    return UnsafeRawBufferPointer(rebasing: content[1...])
  }

  func load(
    _ chunks: [ChunkPlace], window: ClosedRange<Int64>, into samples: inout SampleBuffer
  ) throws(MetricFileError) {
    for place in chunks where place.firstTime <= window.upperBound && place.lastTime >= window.lowerBound {
      XORDecoder.load(try chunk(place), place.firstTime...place.lastTime, window, into: &samples)
    }
  }

  var labelNames: [String] { index.labelNames }

  func labelValues(_ name: String) throws(MetricFileError) -> [String] {
    var values: [String] = []
    try index.forEachValue(of: Array(name.utf8)) { value, _ in
      values.append(String(decoding: value, as: UTF8.self))
      return true
    }
    return values
  }
}
