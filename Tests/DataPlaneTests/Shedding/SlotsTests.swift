import BreakwaterTesting
import ControlModel
import Testing

@testable import DataPlane

/// Who is let in when not all can be.
@Suite struct `Places at an upstream` {
  private func slots(_ limit: Int) -> Slots {
    var settings = ConcurrencySettings()
    (settings.min, settings.max) = (limit, limit)
    return Slots(settings)
  }

  private func share(_ slots: Slots, _ tenant: String) -> TenantShare { slots.share(of: TenantID(tenant)) }

  /// Enters until refused; the places taken and why there were no more.
  private func fill(
    _ slots: Slots, _ trafficClass: TrafficClass, _ share: TenantShare
  ) -> (places: [Slots.Place], reason: Slots.Shed?) {
    var places: [Slots.Place] = []
    while places.count < 10_000 {
      switch slots.enter(trafficClass, share) {
      case .success(let place): places.append(place)
      case .failure(let error): return (places, error.reason)
      }
    }
    return (places, nil)
  }

  @Test func `are all for a tenant that is alone, and all come back`() {
    let slots = slots(100)
    let orchid = share(slots, "orchid")
    let (places, reason) = fill(slots, .riskReducing, orchid)
    #expect(places.count == 100 + TrafficClass.riskReducing.reserve)
    #expect(reason == .share)
    for place in places { place.leave() }
    #expect(slots.count == 0 && orchid.count == 0)
    #expect(fill(slots, .trading, orchid).places.count == 94)
  }

  @Test func `are given up in the order expensive, read, write, trading, stream, admin, and cancels last`() {
    let slots = slots(200)
    let order: [TrafficClass] = [.expensive, .read, .write, .trading, .stream, .admin, .riskReducing]
    var held = 0
    for (index, trafficClass) in order.enumerated() {
      // A tenant for each, which alone would have more: what stops it is the class.
      let (places, _) = fill(slots, trafficClass, share(slots, "t\(index)"))
      #expect(!places.isEmpty, "\(trafficClass) finds room where \(held) are held by lesser ones")
      held += places.count
      for lesser in order.prefix(index + 1) {
        if case .success = slots.enter(lesser, share(slots, "t\(index)")) {
          Issue.record("\(lesser) is let in although \(trafficClass) is not")
        }
      }
    }
  }

  /// However small a share is, one that asks rarely has now and then a few at once.
  @Test func `are not refused to a tenant with a few requests at once because another is greedy`() {
    let slots = slots(100)
    let crowd = (0..<60).map { share(slots, "t\($0)") }
    for tenant in crowd { _ = slots.enter(.trading, tenant) }
    let greedy = share(slots, "greedy")
    #expect(fill(slots, .trading, greedy).places.count == 94 - 60)
    // With sixty-one tenants a share is one place.
    let (places, reason) = fill(slots, .trading, crowd[0])
    #expect(places.count == 3 && reason == .share)
    if case .success = slots.enter(.trading, greedy) { Issue.record("the greedy tenant was let in") }
  }

  @Test func `taken by a greedy tenant go to the others as they come free, until each has its share`() {
    let slots = slots(100)
    let greedy = share(slots, "greedy")
    var held = fill(slots, .trading, greedy).places
    #expect(held.count == 94)
    var others: [Slots.Place] = []
    // Nine tenants want ten places each. Each step one of the greedy tenant's requests ends and it asks for ten more.
    for step in 0..<90 {
      let tenant = share(slots, "t\(step % 9)")
      if case .success(let place) = slots.enter(.trading, tenant) { others.append(place) }
      if held.count > 10 { held.removeFirst().leave() }
      for _ in 0..<10 {
        if case .success(let place) = slots.enter(.trading, greedy) { held.append(place) }
      }
      #expect(slots.count <= 125)
    }
    #expect(others.count >= 80, "the others have theirs")
    #expect(held.count <= 16, "the greedy tenant has what is left, not \(held.count)")
  }

  @Test func `are refused with the reason: the tenant's share, the class, or nothing left`() {
    let slots = slots(20)
    let greedy = share(slots, "greedy")
    #expect(fill(slots, .read, greedy).reason == .share)
    // Below its share, past the class's ceiling and the quarter above it.
    let tenants = (0..<20).map { share(slots, "t\($0)") }
    var reasons: Set<Slots.Shed> = []
    for tenant in tenants {
      if case .failure(let error) = slots.enter(.expensive, tenant) { reasons.insert(error.reason) }
    }
    #expect(reasons.contains(.class))
    for tenant in tenants { _ = slots.enter(.riskReducing, tenant) }
    for tenant in tenants { _ = slots.enter(.riskReducing, tenant) }
    var last: Slots.Shed?
    for index in 0..<60 {
      if case .failure(let error) = slots.enter(.admin, share(slots, "late\(index)")) { last = error.reason }
    }
    #expect(last == .full)
  }

  @Test func `are neither lost nor given twice when many threads come and go`() async {
    let slots = slots(50)
    let shares = (0..<8).map { share(slots, "t\($0)") }
    let entered = await withTaskGroup(of: Int.self) { group in
      for index in 0..<8 {
        group.addTask {
          var entered = 0
          for _ in 0..<5000 {
            guard case .success(let place) = slots.enter(.trading, shares[index]) else { continue }
            entered += 1
            if slots.count > 50 * 5 / 4 + 8 { return -1_000_000 }
            place.leave()
          }
          return entered
        }
      }
      return await group.reduce(0, +)
    }
    #expect(entered > 0)
    #expect(slots.count == 0)
    #expect(shares.allSatisfy { $0.count == 0 })
    let alone = share(slots, "alone")
    #expect(fill(slots, .trading, alone).places.count == 47)
  }

  /// With demands held constant, after enough comings and goings whoever wants no more than its share has it.
  @Test(arguments: [1, 2, 3, 4, 5, 6]) func `converge to max-min shares for random demands`(seed: UInt64) {
    var random = SeededRandom(seed)
    let slots = slots(100)
    let demands = (0..<10).map { _ in Int.random(in: 1...60, using: &random) }
    let shares = demands.indices.map { share(slots, "t\($0)") }
    var held: [[Slots.Place]] = demands.map { _ in [] }
    for _ in 0..<5_000 {
      // More want in than come out.
      for _ in 0..<4 {
        let tenant = Int.random(in: demands.indices, using: &random)
        if held[tenant].count < demands[tenant], case .success(let place) = slots.enter(.riskReducing, shares[tenant]) {
          held[tenant].append(place)
        }
      }
      // Every request is as long: whoever holds more, has more of them end.
      let all = held.reduce(0) { $0 + $1.count }
      var chosen = Int.random(in: 0..<max(1, all), using: &random)
      for index in held.indices {
        if chosen < held[index].count {
          held[index].removeLast().leave()
          break
        }
        chosen -= held[index].count
      }
    }
    let fair = 100 / 10
    for (index, demand) in demands.enumerated() where demand <= fair {
      #expect(held[index].count >= demand / 2, "tenant \(index) wants \(demand), which is less than its share")
    }
    for place in held.joined() { place.leave() }
    #expect(slots.count == 0)
  }
}
