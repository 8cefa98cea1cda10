import BreakwaterTesting
import PromQL
import Telemetry
import Testing

@testable import MetricStore

/// What was stored comes back, however the process ended.
@Suite struct `The metric journal` {
  private static let base: Int64 = 1_795_348_800_000
  private static let names = ["a{x=\"1\"}", "a{x=\"2\"}", "b", "c{y=\"ü\",z=\"\\\"\"}", "d"]
  private static let everything: ClosedRange<Int64> = 0...Int64(4_000_000_000_000)

  @Test func `brings back every sample, bit by bit, over several lives and segments`() throws {
    var disk = try DurableStore()
    disk.segmentBytesMax = 4096
    var expected: [String: [Point]] = [:]
    for life in 0..<3 {
      let (store, restored) = disk.open()
      #expect(restored.problems.isEmpty)
      #expect(restored.samples == expected.values.reduce(0) { $0 + $1.count })
      let start = Self.base + Int64(life) * 600_000
      let points = try store.fill(Self.names, from: start, to: start + 400_000, step: 1000, seed: UInt64(life))
      expected.merge(points) { $0 + $1 }
    }
    #expect(disk.journalFiles.count > 6)
    let found = try disk.open().store.points("{__name__=~\".+\"}", Self.everything)
    for (name, points) in expected { #expect(found[try Labels(parsing: name).text] == points) }
  }

  @Test func `loses only the record that was being written`() throws {
    let disk = try DurableStore()
    do {
      let (store, _) = disk.open()
      try store.fill(["a"], from: Self.base, to: Self.base + 10_000, step: 1000)
    }
    let path = "metrics/journal/\(try #require(disk.journalFiles.first))"
    let whole = disk.bytes(path)
    // Cut anywhere in the last record: nine samples are left. In its head or in its body.
    for cut in 1...12 {
      try disk.write(Array(whole.dropLast(cut)), to: path)
      let (store, restored) = disk.open()
      #expect(restored.problems.count == 1)
      #expect(restored.samples == 9, "\(cut) bytes missing")
      #expect(try store.points("a", Self.everything)["a"]?.count == 9)
    }
    try disk.write(whole, to: path)
    #expect(disk.open().restored.problems.isEmpty)
  }

  @Test func `takes nothing from a damaged record on, and everything of other segments`() throws {
    var disk = try DurableStore()
    disk.segmentBytesMax = 1024
    var expected = 0
    do {
      let (store, _) = disk.open()
      expected = try store.fill(["a", "b"], from: Self.base, to: Self.base + 900_000, step: 1000)["b"]?.count ?? 0
    }
    let path = "metrics/journal/\(disk.journalFiles[1])"
    var bytes = disk.bytes(path)
    bytes[bytes.count / 2] ^= 0x40
    try disk.write(bytes, to: path)
    let (store, restored) = disk.open()
    #expect(restored.problems.count == 1)
    let found = try store.points("b", Self.everything)["b"] ?? []
    #expect(found.count > expected / 2 && found.count < expected)
    #expect(found.last?.time == Self.base + 899_000)
    #expect(disk.registry.counter(MetricCatalog.tsdbJournalDamage).value == 1)
  }

  @Test func `survives any bytes`() throws {
    let disk = try DurableStore()
    _ = disk.open()
    var random = SeededRandom(3)
    for number in 1...40 {
      var bytes = MetricJournal.magic
      for _ in 0..<Int.random(in: 0...6, using: &random) {
        let payload = (0..<Int.random(in: 1...60, using: &random)).map { position in
          position == 0 ? UInt8.random(in: 0...5, using: &random) : UInt8.random(in: 0...255, using: &random)
        }
        MetricJournal.frame(payload, into: &bytes)
      }
      try disk.write(bytes, to: "metrics/journal/\(MetricJournal.name(UInt32(number)))")
    }
    let (store, _) = disk.open()
    try store.fill(["after"], from: Self.base, to: Self.base + 3000, step: 1000)
    #expect(try store.points("after", Self.everything)["after"]?.count == 3)
  }

  @Test func `forgets what a clock that was set back took away`() throws {
    let disk = try DurableStore()
    do {
      let (store, _) = disk.open()
      try store.fill(["a"], from: Self.base, to: Self.base + 60_000, step: 1000)
      store.truncate(after: Self.base + 30_000)
      try store.fill(["a"], from: Self.base + 31_000, to: Self.base + 40_000, step: 1000, seed: 9)
    }
    let times = try disk.open().store.points("a", Self.everything)["a"]?.map(\.time)
    #expect(times == Array(stride(from: Self.base, to: Self.base + 40_000, by: 1000)))
  }

  @Test func `takes at most four bytes for a sample of a steady counter`() throws {
    let disk = try DurableStore()
    let (store, _) = disk.open()
    let names = (0..<500).map { "http_requests_total{route=\"/r\($0)\",tenant=\"t\($0 % 7)\"}" }
    var random = SeededRandom(5)
    let references = try names.map { try #require(try store.reference(to: $0)) }
    var values = references.map { _ in 0.0 }
    for second in 0..<200 {
      for index in values.indices { values[index] += Double(Int.random(in: 0...20, using: &random)) }
      store.append(Array(zip(references, values)), at: Self.base + Int64(second) * 10_000)
    }
    let bytes = disk.journalFiles.reduce(0) { $0 + disk.bytes("metrics/journal/\($1)").count }
    #expect(Double(bytes) / 100_000 < 4, "\(bytes) bytes for 100,000 samples")
  }

  @Test func `is written as its description says`() throws {
    let disk = try DurableStore()
    let (store, _) = disk.open()
    let a = try #require(try store.reference(to: "a{x=\"1\"}"))
    store.append([(a, 3)], at: 1000)
    store.append([(a, 0.5)], at: 2000)
    store.append([(a, 0.5)], at: 3000)
    let series: [UInt8] = [1, 0, 2, 8] + Array("__name__".utf8) + [1, 97, 1, 120, 1, 49]
    let first: [UInt8] = [2, 0x01, 0xd0, 0x0f, 12]
    let second: [UInt8] = [2, 0x01, 0xa0, 0x1f, 1, 0, 0, 0, 0, 0, 0, 0xe0, 0x3f]
    let third: [UInt8] = [2, 0x01, 0xf0, 0x2e, 3]
    var golden = Array("BWMETJ01".utf8)
    for payload in [series, first, second, third] { MetricJournal.frame(payload, into: &golden) }
    #expect(disk.bytes("metrics/journal/00000001.metj") == golden)
    // The frame itself: length and CRC-32C, little endian.
    #expect(Array(golden[8..<12]) == [UInt8(series.count), 0, 0, 0])
    #expect(CRC32C.of(Array("123456789".utf8)) == 0xe306_9283)
  }
}
