import BreakwaterTesting
import Foundation
import PromQL
import Telemetry
import Testing

@testable import MetricStore

/// Blocks on disk: cut, merged, read again, let go.
@Suite struct `Blocks of the metric store` {
  private static let hour: Int64 = 3_600_000
  /// The start of a block.
  private static let base: Int64 = 1_795_348_800_000 / 7_200_000 * 7_200_000
  private static let names = (0..<12).map { "m\($0 % 3){i=\"\($0)\",job=\"j\"}" }
  private static let everything: ClosedRange<Int64> = 0...Int64(4_000_000_000_000)

  private func expectAll(_ store: MetricStore, _ expected: [String: [Point]], after time: Int64 = 0) throws {
    let found = try store.points("{__name__=~\".+\"}", Self.everything)
    for (name, points) in expected {
      #expect(found[try Labels(parsing: name).text] == points.filter { $0.time >= time }, "\(name)")
    }
  }

  @Test func `are cut once the newest samples are an hour past them, and answers stay the same`() throws {
    let disk = try DurableStore()
    let (store, _) = disk.open()
    let expected = try store.fill(Self.names, from: Self.base, to: Self.base + 3 * Self.hour - 60_000, step: 15_000)
    #expect(store.maintain(at: Self.base + 3 * Self.hour).isEmpty)
    #expect(disk.blocks.isEmpty)
    let more = try store.fill(
      Self.names, from: Self.base + 3 * Self.hour, to: Self.base + 5 * Self.hour + 60_000, step: 15_000, seed: 2)
    let all = expected.merging(more) { $0 + $1 }
    #expect(store.maintain(at: Self.base + 5 * Self.hour).isEmpty)
    #expect(disk.blocks.count == 2)
    try expectAll(store, all)
    // A sample for a finished block is refused.
    let reference = try #require(try store.reference(to: Self.names[0]))
    store.append([(reference, 1)], at: Self.base + Self.hour)
    #expect(disk.registry.family(MetricCatalog.tsdbRejected).counter("too_old").value == 1)
    // The next life reads blocks and what is left of the journal.
    let (second, restored) = disk.open()
    #expect(restored.blocks == 2)
    #expect(restored.samples < all.values.reduce(0) { $0 + $1.count } / 2)
    try expectAll(second, all)
    let times: ClosedRange<Int64> = (Self.base + 3 * Self.hour - 30_000)...(Self.base + 4 * Self.hour + 30_000)
    #expect(try second.series([SeriesSelector(parsing: "m1")], window: times).count == 4)
    #expect(try second.labelNames(window: Self.everything) == ["__name__", "i", "job"])
    #expect(try second.labelValues("i", window: Self.base...(Self.base + 1)).count == 12)
  }

  @Test func `are merged into longer ones, and deleted after the retention`() throws {
    var disk = try DurableStore()
    disk.retention = 30 * Self.hour
    let (store, _) = disk.open()
    var all: [String: [Point]] = [:]
    let start = Self.base / (9 * 2 * Self.hour) * (9 * 2 * Self.hour)
    for step in 0..<20 {
      let time = start + Int64(step) * 2 * Self.hour
      let points = try store.fill(
        Self.names, from: time, to: time + 2 * Self.hour, step: 60_000, seed: UInt64(step))
      all.merge(points) { $0 + $1 }
      for _ in 0..<3 { #expect(store.maintain(at: time + 2 * Self.hour).isEmpty) }
      // A crash right here: the next life sees the same.
      if step == 11 { try expectAll(disk.open().store, all) }
    }
    let metas = try disk.blocks.map { try BlockMeta.read(disk.folder.file("metrics/blocks/\($0)")) }
    #expect(metas.contains { $0.compaction.level == 3 } && metas.contains { $0.compaction.level == 1 })
    #expect(metas.count < 8)
    let kept = metas.map(\.minTime).min() ?? 0
    #expect(kept <= start + 10 * Self.hour)
    try expectAll(store, all, after: kept)
    // Long after, all of it is gone.
    _ = store.maintain(at: start + 200 * Self.hour)
    #expect(disk.blocks.isEmpty)
  }

  @Test func `that a crash left half written or replaced are removed at start`() throws {
    let disk = try DurableStore()
    let (store, _) = disk.open()
    let all = try store.fill(Self.names, from: Self.base, to: Self.base + 4 * Self.hour, step: 60_000)
    _ = store.maintain(at: Self.base + 4 * Self.hour)
    let block = try #require(disk.blocks.first)
    let folder = disk.folder.file("metrics/blocks/\(block)")
    let half = folder.replacing(block, with: String(block.reversed())) + BlockWriter.temporarySuffix
    try FileManager.default.createDirectory(atPath: half + "/chunks", withIntermediateDirectories: true)
    // The merger is there, its parts were not deleted any more.
    let library = BlockLibrary(folder: disk.folder.file("metrics/blocks"), random: { 4 })
    _ = try library.merge([Block(folder)], at: Self.base)
    #expect(disk.blocks.count == 3)
    try expectAll(disk.open().store, all)
    #expect(disk.blocks.count == 1 && !disk.blocks.contains(block))
  }

  @Test func `that are damaged fail the query that needs them and no other`() throws {
    let disk = try DurableStore()
    let (store, _) = disk.open()
    try store.fill(Self.names, from: Self.base, to: Self.base + 4 * Self.hour, step: 60_000)
    _ = store.maintain(at: Self.base + 4 * Self.hour)
    let path = "metrics/blocks/\(try #require(disk.blocks.first))/chunks/000001"
    var bytes = disk.bytes(path)
    for index in 8..<bytes.count { bytes[index] ^= 0x55 }
    try disk.write(bytes, to: path)
    let (second, _) = disk.open()
    #expect(throws: SeriesSourceError.self) { try second.points("m1", Self.everything) }
    let recent: ClosedRange<Int64> = (Self.base + 3 * Self.hour)...(Self.base + 5 * Self.hour)
    #expect(try second.points("m1", recent).count == 4)
    // An index that is no index keeps its block closed, and says so.
    try disk.write([1, 2, 3], to: path.replacing("chunks/000001", with: "index"))
    #expect(disk.open().restored.problems.count == 1)
  }

  /// An independent reader of what we write.
  @Test(.enabled(if: Promtool.isInstalled, "promtool is not installed"))
  func `are read by promtool: list, analyze, dump`() throws {
    let disk = try DurableStore()
    let (store, _) = disk.open()
    let all = try store.fill(Self.names, from: Self.base, to: Self.base + 7 * Self.hour, step: 15_000)
    for _ in 0..<3 { #expect(store.maintain(at: Self.base + 7 * Self.hour).isEmpty) }
    let snapshot = try store.snapshot(named: "s", at: Self.base)
    let merged = try BlockMeta.read(disk.folder.file("metrics/blocks/\(try #require(disk.blocks.first))"))
    #expect(merged.stats.numSeries == 12)
    let list = try Promtool.run("tsdb", "list", snapshot, in: disk.folder)
    #expect(list.isFine, "\(list.output)")
    #expect(list.output.split(separator: "\n").count == 1 + disk.blocks.count + 1, "\(list.output)")
    let analyze = try Promtool.run("tsdb", "analyze", snapshot, in: disk.folder)
    #expect(analyze.isFine && analyze.output.contains("Series: 12"), "\(analyze.output)")
    try FileManager.default.createDirectory(atPath: snapshot + "/wal", withIntermediateDirectories: true)
    let dump = try Promtool.run("tsdb", "dump", snapshot, in: disk.folder)
    #expect(dump.isFine, "\(dump.output.suffix(500))")
    let lines = dump.output.split(separator: "\n").filter { $0.hasPrefix("{__name__=") }
    #expect(lines.count == all.values.reduce(0) { $0 + $1.count })
    var times: Set<Substring> = []
    for line in lines where line.contains("i=\"0\"") { times.formUnion([line.split(separator: " ").last ?? ""]) }
    #expect(times.count == all[Self.names[0]]?.count)
  }
}
