import BreakwaterTesting
import Testing

@testable import MetricStore

/// The compression of remote_write.
@Suite struct `Compression of what is received` {
  private func decompress(_ bytes: [UInt8], bytesMax: Int = 1 << 20) -> [UInt8]? {
    bytes.withUnsafeBytes { Snappy.decompress($0, bytesMax: bytesMax) }
  }

  @Test(arguments: 0..<200 as Range<UInt64>)
  func `gives back what it took`(seed: UInt64) {
    var random = SeededRandom(seed)
    var bytes: [UInt8] = []
    let length = Int.random(in: 0...200_000, using: &random)
    while bytes.count < length {
      if random.chance(50), !bytes.isEmpty {
        let start = Int.random(in: 0..<bytes.count, using: &random)
        bytes += bytes[start..<min(bytes.count, start + Int.random(in: 1...300, using: &random))]
      } else {
        bytes += (0..<Int.random(in: 1...80, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
      }
    }
    #expect(decompress(Snappy.compress(bytes)) == bytes, "seed \(seed)")
  }

  @Test func `reads copies of every kind`() {
    // "abcd" and then: a run by a copy of one offset byte, of two and of four.
    #expect(decompress([9, 3 << 2, 97, 98, 99, 100, 1 << 2 | 1, 1]) == Array("abcdddddd".utf8))
    #expect(decompress([8, 3 << 2, 97, 98, 99, 100, 3 << 2 | 2, 4, 0]) == Array("abcdabcd".utf8))
    #expect(decompress([6, 3 << 2, 97, 98, 99, 100, 1 << 2 | 3, 2, 0, 0, 0]) == Array("abcdcd".utf8))
  }

  @Test func `refuses what is cut off, points nowhere or is longer than allowed`() {
    let good = Snappy.compress(Array(repeating: 7, count: 1000))
    for length in 0..<good.count { #expect(decompress(Array(good[..<length])) == nil) }
    #expect(decompress([4, 3 << 2 | 2, 4, 0]) == nil)
    #expect(decompress([4, 3 << 2, 97, 98, 99, 100, 0]) == nil)
    #expect(decompress(good, bytesMax: 999) == nil)
    #expect(decompress([0xff, 0xff, 0xff, 0xff, 0x0f]) == nil)
  }

  @Test func `survives any bytes`() {
    var random = SeededRandom(8)
    for _ in 0..<20_000 {
      let bytes = (0..<Int.random(in: 0...40, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
      _ = decompress(bytes, bytesMax: 4096)
      _ = Gzip.inflate([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3] + bytes + Array(repeating: 0, count: 8), bytesMax: 4096)
    }
  }

  @Test func `is not needed for gzip, which is read too`() {
    // printf 'metrics metrics metrics\n' | gzip -n
    let zipped: [UInt8] = [
      0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0xcb, 0x4d, 0x2d, 0x29, 0xca, 0x4c, 0x2e, 0x56, 0xc8,
      0x45, 0xa5, 0xb9, 0x00, 0xa3, 0xc1, 0x66, 0x56, 0x18, 0x00, 0x00, 0x00,
    ]
    #expect(Gzip.inflate(zipped, bytesMax: 100) == Array("metrics metrics metrics\n".utf8))
    #expect(Gzip.inflate(zipped, bytesMax: 10) == nil)
  }
}
