import BreakwaterTesting
import Testing

@testable import RequestLog

/// An index is read by binary search: one pair out of order hides a line.
@Suite struct `The index of a segment` {
  @Test(arguments: [0, 1, 2, 7, 8, 100, 5000, 70_000])
  func `is sorted by key and offset, whatever its keys have in common`(count: Int) {
    var random = SeededRandom(UInt64(count))
    let kinds: [(inout SeededRandom) -> UInt64] = [
      { $0.next() },
      { $0.next() % 5 },
      { 0xffff_ffff_ffff_0000 | $0.next() % 1000 },
      { _ in .max },
    ]
    for makeKey in kinds {
      var index = SegmentIndex()
      var plain: [(key: UInt64, offset: UInt32)] = []
      for number in 0..<count {
        let pair = (key: makeKey(&random), offset: UInt32(number / 2))
        index.add(pair.key, pair.offset)
        plain.append(pair)
      }
      plain.sort { $0 < $1 }
      #expect(index.sortedPairs().elementsEqual(plain, by: ==))
    }
  }
}
