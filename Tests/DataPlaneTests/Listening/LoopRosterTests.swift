import BreakwaterTesting
import Testing

@testable import DataPlane

/// Whoever is there when a walk begins, and stays, is seen by it: no connection escapes its timeouts.
@Suite struct `A loop's roster` {
  private final class Member: LoopMember {
    func checkDeadlines(_ now: Int64) -> Bool { false }
    func drain() {}
    func endDrain() {}
  }

  @Test func `shows a walk everybody who stays, whatever comes and goes meanwhile`() {
    var random = SeededRandom(11)
    for _ in 0..<200 {
      var roster = LoopRoster()
      var members = (0..<Int.random(in: 0..<40, using: &random)).map { _ in Member() }
      for member in members { roster.insert(member) }
      var missed = Set(members.map(ObjectIdentifier.init))
      var gone: [Member] = []
      var place = roster.count
      while let seen = roster.next(&place) {
        missed.remove(ObjectIdentifier(seen))
        for _ in 0..<Int.random(in: 0..<4, using: &random) {
          if Bool.random(using: &random) || members.isEmpty {
            members.append(Member())
            roster.insert(members[members.count - 1])
          } else {
            let left = members.remove(at: Int.random(in: members.indices, using: &random))
            roster.remove(left)
            missed.remove(ObjectIdentifier(left))
            gone.append(left)
          }
        }
      }
      #expect(missed.isEmpty)
      #expect(Set(roster.all.map { ObjectIdentifier($0) }) == Set(members.map(ObjectIdentifier.init)))
      #expect(roster.count == members.count && roster.isEmpty == members.isEmpty)
    }
  }

  @Test func `takes leave of somebody who has gone as nothing`() {
    var roster = LoopRoster()
    let (one, other) = (Member(), Member())
    roster.insert(one)
    roster.remove(other)
    roster.remove(one)
    roster.remove(one)
    #expect(roster.isEmpty)
  }
}
