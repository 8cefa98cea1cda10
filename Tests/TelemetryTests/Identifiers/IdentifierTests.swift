import BreakwaterTesting
import ControlModel
import Telemetry
import Testing

/// Ids tell when they were made and do not repeat.
@Suite struct `Minted ids` {
  @Test func `are UUIDs of version 7 with the time in front`() {
    var random = FastRandom(seed: 1)
    let id = UUIDv7.requestID(at: 0x0199_aabb_ccdd, random: &random).text
    #expect(id.wholeMatch(of: /0199aabb-ccdd-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/) != nil, "\(id)")
    #expect(id.utf8.count == UUIDv7.textBytes)
  }

  @Test func `sort by their time and differ within a millisecond`() {
    let clock = TestClock()
    let source = IDSource(seed: 9) { clock.clocks.now }
    var ids: [String] = []
    var requests: Set<String> = []
    for _ in 0..<200 {
      ids.append(source.controlID().text)
      for _ in 0..<20 { requests.insert(source.requestID().text) }
      clock.advance(by: .milliseconds(1))
    }
    #expect(ids == ids.sorted())
    #expect(Set(ids).count == 200)
    #expect(requests.count == 4000)
    #expect(ids.allSatisfy { $0.wholeMatch(of: /ctl_[0-9a-hjkmnp-tv-z]{20}/) != nil }, "\(ids[0])")
    #expect(source.approvalID().text.hasPrefix("apr_"))
  }

  /// The second word of splitmix64 from 0, which published test vectors give as 6e789e6aa1b965f4, is the one the first
  /// number of xoshiro256** is made of.
  @Test func `come from the same seed twice the same, from another differently`() {
    func words(_ seed: UInt64) -> [UInt64] {
      var random = FastRandom(seed: seed)
      return (0..<8).map { _ in random.next() }
    }
    #expect(words(5) == words(5))
    #expect(words(5) != words(6))
    #expect(words(0)[0] == rotated(0x6e78_9e6a_a1b9_65f4 &* 5, 7) &* 9)
  }

  private func rotated(_ word: UInt64, _ count: UInt64) -> UInt64 { word << count | word >> (64 - count) }
}
