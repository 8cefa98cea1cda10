import Foundation

/// `meta.json` of a block (https://github.com/prometheus/prometheus/blob/main/tsdb/docs/format/README.md).
struct BlockMeta: Codable, Equatable, Sendable {
  struct Statistics: Codable, Equatable, Sendable {
    var numSamples: UInt64 = 0
    var numSeries: UInt64 = 0
    var numChunks: UInt64 = 0
  }

  struct Parent: Codable, Equatable, Sendable {
    let ulid: String
    let minTime: Int64
    let maxTime: Int64
  }

  struct Compaction: Codable, Equatable, Sendable {
    /// 1 for a block cut from memory, one more with each merge.
    let level: Int
    /// The level-1 blocks in it.
    let sources: [String]
    /// The blocks it replaces.
    var parents: [Parent]?
  }

  let ulid: String
  /// Milliseconds since 1970.
  let minTime: Int64
  /// Exclusive.
  let maxTime: Int64
  var stats = Statistics()
  let compaction: Compaction
  var version = 1

  /// Longest `meta.json` read: it names every block merged into it.
  static let bytesMax = 1 << 20

  static func read(_ folder: String) throws(MetricFileError) -> BlockMeta {
    let path = folder + "/meta.json"
    let bytes = try Files.read(path, bytesMax: bytesMax)
    guard let meta = try? JSONDecoder().decode(BlockMeta.self, from: Data(bytes)), meta.version == 1,
      meta.minTime <= meta.maxTime
    else { throw MetricFileError(damaged: path, "it is not the description of a block") }
    return meta
  }

  var encoded: [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return (try? encoder.encode(self)).map { Array($0) } ?? []
  }

  func overlaps(_ window: ClosedRange<Int64>) -> Bool { minTime <= window.upperBound && maxTime > window.lowerBound }
}

/// Names of blocks: https://github.com/ulid/spec, 48 bits of time and 80 of chance, so that names sort by age.
enum ULID {
  private static let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8)
  static let length = 26

  static func make(at milliseconds: Int64, _ random: () -> UInt64) -> String {
    var text: [UInt8] = []
    let time = UInt64(max(0, milliseconds))
    for position in 0..<10 { text.append(alphabet[Int(time >> UInt64(45 - 5 * position) & 31)]) }
    for _ in 0..<2 {
      let bits = random()
      for position in 0..<8 { text.append(alphabet[Int(bits >> UInt64(5 * position) & 31)]) }
    }
    return String(decoding: text, as: UTF8.self)
  }

  static func isOne(_ text: String) -> Bool {
    text.utf8.count == length && text.utf8.allSatisfy { alphabet.contains($0) }
  }
}
