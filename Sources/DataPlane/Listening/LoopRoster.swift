/// A loop's connections, in no order: adding and removing one and going on with a walk cost the same however many there are.
///
/// It knows when each may run out of time at the earliest, in one piece of memory: a walk over thousands that have time left
/// touches none of them.
struct LoopRoster {
  private var members: [any LoopMember] = []
  /// When the member at the same place may run out of time at the earliest.
  private var dues: [Int64] = []

  var isEmpty: Bool { members.isEmpty }
  var count: Int { members.count }
  /// At this moment: whoever walks it may end some.
  var all: [any LoopMember] { members }

  mutating func insert(_ member: some LoopMember) {
    let due = member.nextDeadline
    member.seat = LoopSeat(place: members.count, due: due)
    members.append(member)
    dues.append(due)
  }

  mutating func remove(_ member: some LoopMember) {
    guard let place = member.seat.place, let last = members.popLast(), let due = dues.popLast() else { return }
    member.seat = LoopSeat()
    guard place < members.count else { return }
    members[place] = last
    dues[place] = due
    last.seat.place = place
  }

  /// From now on `member`, which is in it, may run out of time at `due`.
  mutating func expect(_ member: any LoopMember, at due: Int64) {
    guard let place = member.seat.place else { return }
    member.seat.due = due
    dues[place] = due
  }

  /// The next who may have run out of time, of a walk that began with `place` at `count`; nil at its end. What is removed
  /// meanwhile is replaced by one the walk has seen, so that it misses nobody who was there when it began.
  func next(_ place: inout Int, at now: Int64) -> (any LoopMember)? {
    place = min(place, members.count)
    while place > 0 {
      place -= 1
      if dues[place] <= now { return members[place] }
    }
    return nil
  }
}

/// Where a roster keeps a member, and what it knows of its times.
struct LoopSeat {
  /// Nil for one that is in none.
  var place: Int?
  /// When the member may run out of time at the earliest. In no roster, none is earlier.
  var due = Int64.min
}

/// What a loop looks after from accept to close: connections, and what they are before and beneath that.
protocol LoopMember: AnyObject {
  /// The roster's; nobody else writes it.
  var seat: LoopSeat { get set }
  /// The earliest of its times as they are now. Whoever makes one earlier says so to the loop (`LoopContext.expect`).
  var nextDeadline: Int64 { get }
  /// Looks at the clock; called within `LoopContext.tick` of `nextDeadline` while few run out together, and now and then
  /// before. True when a time had run out.
  func checkDeadlines(_ now: Int64) -> Bool
  /// The process wants to stop: ends in good order as soon as it can.
  func drain()
  /// The time for draining is over.
  func endDrain()
}
