import BreakwaterTesting
import Foundation
import PromQL
import Testing

@testable import MetricStore

/// Chunks are Prometheus', bit by bit: the two read each other's.
@Suite(.enabled(if: Promtool.isInstalled, "promtool is not installed"))
struct `A chunk that Prometheus wrote` {
  /// Chunks of a block's first chunk file (tsdb/docs/format/chunks.md): 8 bytes of header, then per chunk its length as a
  /// varint, one byte of encoding, the data, and a checksum of four bytes.
  private func chunks(_ file: [UInt8]) -> [[UInt8]] {
    var chunks: [[UInt8]] = []
    var position = 8
    while position < file.count {
      var length = 0
      var shift = 0
      while file[position] >= 0x80 {
        length |= Int(file[position] & 0x7f) << shift
        shift += 7
        position += 1
      }
      length |= Int(file[position]) << shift
      position += 2
      chunks.append(Array(file[position..<position + length]))
      position += length + 4
    }
    return chunks
  }

  private static let base: Int64 = 1_795_348_800_000

  /// Series of a block of two hours, some steady, some wild.
  private func series() -> [String: [Point]] {
    var random = SeededRandom(7)
    var series: [String: [Point]] = [:]
    for number in 0..<40 {
      var time = Self.base
      var points: [Point] = []
      var value = Double(number)
      while time < Self.base + 7_100_000, points.count < 400 {
        points.append(Point(time, value))
        time += number % 2 == 0 ? 15_000 : Int64.random(in: 1...60_000, using: &random)
        switch number % 4 {
        case 0: value += 1
        case 1: value = Double.random(in: -1e6...1e6, using: &random)
        case 2: value = `A chunk`.specials.filter { !$0.isNaN }.randomElement(using: &random) ?? 0
        default: value += random.chance(20) ? 0.25 : 0
        }
      }
      series["s\(number)"] = points
    }
    return series
  }

  @Test func `is read, and written again as it was`() throws {
    let folder = try TemporaryFolder()
    let series = series()
    var text = ""
    for (name, points) in series.sorted(by: { $0.key < $1.key }) {
      text += "# TYPE \(name) gauge\n"
      for point in points {
        text += "\(name) \(GoFloat.sampleValue(Double(bitPattern: point.bits))) \(Double(point.time) / 1000)\n"
      }
    }
    try Data((text + "# EOF\n").utf8).write(to: URL(fileURLWithPath: folder.file("in.om")))
    let verdict = try Promtool.run("tsdb", "create-blocks-from", "openmetrics", "in.om", "data", in: folder)
    try #require(verdict.isFine, "\(verdict.output)")
    let blocks = try FileManager.default.contentsOfDirectory(atPath: folder.file("data"))
    var found: Set<[UInt64]> = []
    for block in blocks {
      let path = folder.file("data/\(block)/chunks/000001")
      guard let file = FileManager.default.contents(atPath: path) else { continue }
      for chunk in chunks([UInt8](file)) {
        var again = XORChunk()
        XORDecoder.forEach(chunk) { sample in
          again.append(sample.timestamp, sample.value)
          found.insert([UInt64(bitPattern: sample.timestamp), sample.value.bitPattern])
        }
        // Prometheus has opened one more byte when the last bit filled one.
        #expect(again.bytes == chunk || again.bytes + [0] == chunk)
      }
    }
    let wanted = Set(series.values.joined().map { [UInt64(bitPattern: $0.time), $0.bits] })
    #expect(found == wanted)
  }
}
