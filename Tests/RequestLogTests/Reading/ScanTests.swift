import BreakwaterTesting
import Foundation
import Synchronization
import Telemetry
import Testing

@testable import RequestLog

/// Reading backwards, a bounded number of bytes at a time.
@Suite struct `Reading the log backwards` {
  private func scan(
    _ reader: SegmentReader, from position: LogPosition?, bytesMax: Int, lines: Int
  ) -> (lines: [String], next: LogPosition?) {
    var found: [String] = []
    let next = reader.scanBackwards(before: position, bytesMax: bytesMax) { line, _ in
      found.append(String(decoding: line, as: UTF8.self))
      return found.count < lines
    }
    return (found, next)
  }

  @Test(arguments: 0..<30 as Range<UInt64>)
  func `in pieces of any size yields every line once, newest first`(seed: UInt64) throws {
    var random = SeededRandom(seed)
    let folder = try TemporaryFolder()
    var all: [String] = []
    let starts: [Int64] = [10, 20, 30]
    for start in starts {
      var text = ""
      for _ in 0..<Int.random(in: 0...60, using: &random) {
        let length =
          random.chance(10) ? Int.random(in: 50_000...255_000, using: &random) : random.chance(5) ? 262_143 : 40
        let line = "\(all.count):" + String(repeating: "x", count: length)
        all.append(line)
        text += line + "\n"
      }
      try Data(text.utf8).write(to: URL(fileURLWithPath: folder.file("\(start).log")))
    }
    let size = SegmentFolder(path: folder.path).size(of: 30)
    let reader = SegmentReader(
      folder: SegmentFolder(path: folder.path), closed: [10, 20], active: 30, activeSize: size)
    var found: [String] = []
    var position: LogPosition?
    for _ in 0..<1000 {
      let bytesMax = Int.random(in: 1...2_000_000, using: &random)
      let piece = scan(reader, from: position, bytesMax: bytesMax, lines: Int.random(in: 1...40, using: &random))
      found += piece.lines
      position = piece.next
      if position == nil { break }
    }
    #expect(found == all.reversed(), "seed \(seed)")
  }

  @Test func `sees nothing written after it began`() throws {
    let folder = try TemporaryFolder()
    try Data("one\ntwo\nthree\n".utf8).write(to: URL(fileURLWithPath: folder.file("10.log")))
    let reader = SegmentReader(folder: SegmentFolder(path: folder.path), closed: [], active: 10, activeSize: 8)
    #expect(scan(reader, from: nil, bytesMax: 1000, lines: 9).lines == ["two", "one"])
  }

  @Test func `skips a segment that was deleted meanwhile`() throws {
    let folder = try TemporaryFolder()
    try Data("new\n".utf8).write(to: URL(fileURLWithPath: folder.file("30.log")))
    try Data("old\n".utf8).write(to: URL(fileURLWithPath: folder.file("10.log")))
    let reader = SegmentReader(folder: SegmentFolder(path: folder.path), closed: [10, 20], active: 30, activeSize: 4)
    #expect(scan(reader, from: nil, bytesMax: 1000, lines: 9).lines == ["new", "old"])
    #expect(scan(reader, from: LogPosition(segment: 20, offset: 5), bytesMax: 1000, lines: 9).lines == ["old"])
  }

  @Test(arguments: ["", "a", "ab", "abc", "xxabc", "abxabcab", "ababab"])
  func `finds a text in a line where it ends`(text: String) {
    for needle in ["a", "ab", "abc", "b", "bab"] {
      let bytes = Array("__\(text)".utf8)[2...]
      let expected = text.range(of: needle).map { text.utf8.distance(from: text.startIndex, to: $0.upperBound) + 2 }
      #expect(bytes.end(of: Array(needle.utf8)) == expected, "\(needle) in \(text)")
    }
  }
}
