import BreakwaterTesting
import Testing

@testable import DataPlane

/// Whoever is there when a walk begins, and stays, is seen by it: no connection escapes its timeouts.
@Suite struct `A loop's roster` {
  private final class Member: LoopMember {
    var seat = LoopSeat()
    var nextDeadline: Int64

    init(due: Int64 = 0) { nextDeadline = due }
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
      while let seen = roster.next(&place, at: 0) {
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

  @Test func `shows a walk only those whose time may have run out, however they moved and whatever was expected`() {
    var random = SeededRandom(12)
    var roster = LoopRoster()
    var members: [Member] = []
    for now in Int64(1)...3000 {
      switch Int.random(in: 0..<4, using: &random) {
      case 0:
        members.append(Member(due: now + Int64.random(in: -2..<20, using: &random)))
        roster.insert(members[members.count - 1])
      case 1 where !members.isEmpty:
        roster.remove(members.remove(at: Int.random(in: members.indices, using: &random)))
      case _ where !members.isEmpty:
        let member = members[Int.random(in: members.indices, using: &random)]
        member.nextDeadline = now + Int64.random(in: -2..<20, using: &random)
        roster.expect(member, at: member.nextDeadline)
      default: break
      }
      var place = roster.count
      var seen: Set<ObjectIdentifier> = []
      while let member = roster.next(&place, at: now) { seen.insert(ObjectIdentifier(member)) }
      #expect(seen == Set(members.filter { $0.nextDeadline <= now }.map(ObjectIdentifier.init)))
      #expect(members.allSatisfy { $0.seat.due == $0.nextDeadline })
    }
  }

  @Test func `knows nothing of somebody who is not in it`() {
    var roster = LoopRoster()
    let (one, other) = (Member(due: 5), Member(due: 5))
    roster.insert(one)
    roster.expect(other, at: 1)
    var place = roster.count
    #expect(roster.next(&place, at: 4) == nil && other.seat.place == nil)
  }
}
