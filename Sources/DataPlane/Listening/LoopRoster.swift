/// A loop's connections, in no order: adding and removing one and going on with a walk cost the same however many there are.
struct LoopRoster {
  private var members: [any LoopMember] = []
  private var places: [ObjectIdentifier: Int] = [:]

  var isEmpty: Bool { members.isEmpty }
  var count: Int { members.count }
  /// At this moment: whoever walks it may end some.
  var all: [any LoopMember] { members }

  mutating func insert(_ member: some LoopMember) {
    places[ObjectIdentifier(member)] = members.count
    members.append(member)
  }

  mutating func remove(_ member: some LoopMember) {
    guard let place = places.removeValue(forKey: ObjectIdentifier(member)), let last = members.popLast() else { return }
    guard place < members.count else { return }
    members[place] = last
    places[ObjectIdentifier(last)] = place
  }

  /// The next of a walk that began with `place` at `count`; nil at its end. What is removed meanwhile is replaced by one the
  /// walk has seen, so that it misses nobody who was there when it began.
  func next(_ place: inout Int) -> (any LoopMember)? {
    place = min(place, members.count) - 1
    return place >= 0 ? members[place] : nil
  }
}
