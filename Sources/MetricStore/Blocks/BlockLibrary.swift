import PromQL

/// The blocks of a store on disk: opening, cutting, merging, letting go. Every step leaves a folder that opens.
struct BlockLibrary {
  /// The folder of all blocks; Prometheus' tools read it as a data directory.
  let folder: String
  let random: @Sendable () -> UInt64

  /// Blocks of two hours are merged into longer ones, as Prometheus does, so that a query of days opens few.
  static let spans: [Int64] = [3, 9].map { $0 * HeadSeries.blockMilliseconds }

  /// What is in the folder, oldest first, after removing what a crash left over: unfinished blocks, and blocks whose
  /// merger is there. A block that cannot be opened is left where it is and reported.
  func open() -> (blocks: [Block], problems: [MetricFileError]) {
    var blocks: [Block] = []
    var problems: [MetricFileError] = []
    for name in Files.names(in: folder) {
      let path = folder + "/" + name
      if name.hasSuffix(BlockWriter.temporarySuffix) {
        Files.removeFolder(path)
      } else if ULID.isOne(name) {
        do throws(MetricFileError) {
          blocks.append(try Block(path))
        } catch {
          problems.append(error)
        }
      }
    }
    let replaced = Set(blocks.flatMap { ($0.meta.compaction.parents ?? []).map(\.ulid) })
    for block in blocks where replaced.contains(block.meta.ulid) { Files.removeFolder(block.folder) }
    blocks.removeAll { replaced.contains($0.meta.ulid) }
    blocks.sort { $0.meta.minTime < $1.meta.minTime }
    return (blocks, problems)
  }

  /// Writes the chunks of a span of time, sorted by labels. Nil when there are none.
  func cut(
    _ series: [(labels: Labels, chunks: [ClosedChunk])], span: Range<Int64>, at now: Int64
  ) throws(MetricFileError) -> Block? {
    let ulid = ULID.make(at: now, random)
    let meta = BlockMeta(
      ulid: ulid, minTime: span.lowerBound, maxTime: span.upperBound,
      compaction: BlockMeta.Compaction(level: 1, sources: [ulid]))
    guard series.contains(where: { !$0.chunks.isEmpty }) else { return nil }
    var writer = try BlockWriter(meta, in: folder)
    for (labels, chunks) in series.sorted(by: { $0.labels < $1.labels }) where !chunks.isEmpty {
      try writer.append(labels, chunks)
    }
    return try Block(writer.finish())
  }

  /// Blocks that fill a longer span and are to be one: the oldest such span whose time is over.
  static func toMerge(_ blocks: [Block]) -> [Block] {
    guard let newest = blocks.map(\.meta.maxTime).max() else { return [] }
    for span in spans {
      let groups = Dictionary(grouping: blocks) { block -> Int64 in
        let start = block.meta.minTime
        return start / span - (start % span < 0 ? 1 : 0)
      }
      for (number, group) in groups.sorted(by: { $0.key < $1.key })
      where group.count > 1 && (number + 1) * span <= newest
        && group.allSatisfy({ $0.meta.maxTime <= (number + 1) * span })
      {
        return group.sorted { $0.meta.minTime < $1.meta.minTime }
      }
    }
    return []
  }

  /// Writes one block with the samples of several that do not overlap, oldest first. Chunks are copied as they are.
  func merge(_ blocks: [Block], at now: Int64) throws(MetricFileError) -> Block {
    let metas = blocks.map(\.meta)
    let meta = BlockMeta(
      ulid: ULID.make(at: now, random), minTime: metas.map(\.minTime).min() ?? 0,
      maxTime: metas.map(\.maxTime).max() ?? 0,
      compaction: BlockMeta.Compaction(
        level: (metas.map(\.compaction.level).max() ?? 0) + 1, sources: metas.flatMap(\.compaction.sources),
        parents: metas.map { BlockMeta.Parent(ulid: $0.ulid, minTime: $0.minTime, maxTime: $0.maxTime) }))
    var writer = try BlockWriter(meta, in: folder)
    var lists: [[UInt32]] = []
    for block in blocks { lists.append(try block.allReferences()) }
    var next = Array(repeating: 0, count: blocks.count)
    var heads: [Block.Series?] = []
    for (position, block) in blocks.enumerated() {
      heads.append(lists[position].isEmpty ? nil : try block.series(lists[position][0]))
    }
    while let least = heads.compactMap({ $0?.labels }).min() {
      var parts: [(bytes: UnsafeRawBufferPointer, firstTime: Int64, lastTime: Int64)] = []
      for (position, block) in blocks.enumerated() {
        guard let head = heads[position], head.labels == least else { continue }
        for place in head.chunks { parts.append((try block.chunk(place), place.firstTime, place.lastTime)) }
        next[position] += 1
        heads[position] =
          next[position] < lists[position].count ? try block.series(lists[position][next[position]]) : nil
      }
      try writer.append(least, parts)
    }
    return try Block(writer.finish())
  }

  func delete(_ block: Block) { Files.removeFolder(block.folder) }
}

extension BlockWriter {
  /// Adds a series with chunks from memory.
  mutating func append(_ labels: Labels, _ chunks: [ClosedChunk]) throws(MetricFileError) {
    let all = chunks.flatMap(\.bytes)
    var start = 0
    try all.withUnsafeBufferPointer { buffer throws(MetricFileError) in
      let all = UnsafeRawBufferPointer(buffer)
      var parts: [(bytes: UnsafeRawBufferPointer, firstTime: Int64, lastTime: Int64)] = []
      for chunk in chunks {
        let bytes = UnsafeRawBufferPointer(rebasing: all[start..<start + chunk.bytes.count])
        parts.append((bytes, chunk.firstTime, chunk.lastTime))
        start += chunk.bytes.count
      }
      try append(labels, parts)
    }
  }
}
