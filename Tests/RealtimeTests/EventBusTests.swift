import BreakwaterTesting
import ControlModel
import Synchronization
import Telemetry
import Testing

@testable import Realtime

/// Who sees what, and in which order.
@Suite(.timeLimit(.minutes(3))) struct `The event bus` {
  private let test = TestBus()

  @Test func `shows a tenant its own events and nobody else's`() async throws {
    let acme = try #require(test.subscribe(.tenant(TestBus.acme)))
    let globex = try #require(test.subscribe(.tenant(TestBus.globex)))
    test.publish("a1", to: TestBus.acme)
    test.publish("g1", to: TestBus.globex)
    test.publish("all", name: "controls")
    test.publish("snapshot", to: TestBus.globex, name: "bot_state", isSnapshot: true)
    test.publish("a2", to: TestBus.acme)
    test.publish("end", to: TestBus.globex)
    #expect(await acme.take(2).map(\.text) == ["a1", "a2"])
    #expect(await globex.take(3).map(\.text) == ["g1", "snapshot", "end"])
  }

  @Test(arguments: 0..<20 as Range<UInt64>)
  func `keeps tenants apart whatever happens, also on a replay`(seed: UInt64) async throws {
    var random = SeededRandom(seed)
    let tenants = (0..<4).compactMap { TenantID("tenant-\($0)") }
    var subscriptions = tenants.map { ($0, test.subscribe(.tenant($0))) }
    for step in 0..<400 {
      let tenant = random.chance(10) ? nil : tenants.randomElement(using: &random)
      test.publish("\(tenant?.text ?? "admin")#\(step)", to: tenant, isSnapshot: random.chance(20))
      if random.chance(5), let place = subscriptions.indices.randomElement(using: &random) {
        let after = UInt64.random(in: 0...test.bus.lastSequence + 5, using: &random)
        subscriptions[place].1 = test.subscribe(
          .tenant(subscriptions[place].0), after: random.chance(50) ? after : test.bus.lastSequence - UInt64(step / 2))
      }
    }
    for (tenant, subscription) in subscriptions {
      test.publish("\(tenant)#end", to: tenant)
      let reader = try #require(subscription)
      var last: UInt64 = 0
      while let event = await reader.next() {
        #expect(event.name == "gap" || event.tenant == tenant, "seed \(seed)")
        #expect(event.name == "gap" || event.text.hasPrefix(tenant.text), "seed \(seed)")
        #expect(event.sequence >= last, "seed \(seed)")
        last = event.sequence
        if event.text.hasSuffix("#end") { break }
      }
    }
  }

  @Test func `shows people who operate everything, in one order`() async throws {
    let one = try #require(test.subscribe(.admin))
    let two = try #require(test.subscribe(.admin))
    for number in 0..<50 { test.publish("\(number)", to: [TestBus.acme, TestBus.globex, nil][number % 3]) }
    let first = await one.take(50)
    #expect(first.map(\.text) == (0..<50).map(String.init))
    #expect(await two.take(50).map(\.sequence) == first.map(\.sequence))
    #expect(zip(first, first.dropFirst()).allSatisfy { $0.sequence + 1 == $1.sequence })
  }

  @Test func `hands an event over to a reader that waits`() async throws {
    let reader = try #require(test.subscribe(.tenant(TestBus.acme)))
    let waiting = Task { await reader.next() }
    test.publish("other", to: TestBus.globex)
    test.publish("mine", to: TestBus.acme)
    #expect(await waiting.value?.text == "mine")
  }

  @Test func `loses nothing and repeats nothing when everyone publishes at once`() async throws {
    let reader = try #require(test.subscribe(.admin))
    let reading = Task { await reader.take(800) }
    await withTaskGroup(of: Void.self) { group in
      for task in 0..<8 {
        group.addTask { [test] in
          for number in 0..<100 { test.publish("\(task)-\(number)", to: task % 2 == 0 ? TestBus.acme : nil) }
        }
      }
    }
    let events = await reading.value
    #expect(Set(events.map(\.text)).count == 800)
    #expect(events.map(\.sequence) == events.map(\.sequence).sorted())
    for task in 0..<8 {
      let mine = events.map(\.text).filter { $0.hasPrefix("\(task)-") }
      #expect(mine == (0..<100).map { "\(task)-\($0)" })
    }
  }

  @Test func `ends the wait of a reader that is closed, cancelled or let go`() async throws {
    let closed = try #require(test.subscribe(.admin))
    let waiting = Task { await closed.next() }
    closed.close()
    #expect(await waiting.value == nil)
    let cancelled = try #require(test.subscribe(.admin))
    let reading = Task { await cancelled.next() }
    reading.cancel()
    #expect(await reading.value == nil)
    #expect(test.open("admin") == 0)
    do { _ = test.subscribe(.tenant(TestBus.acme)) }
    #expect(test.open("trading") == 0)
    test.publish("nobody reads this")
    #expect(await closed.next() == nil)
  }

  @Test func `has room for a bounded number of streams, and no kind keeps another out`() throws {
    var tenants: [Subscription] = []
    for _ in 0..<EventBus.subscribersPerTenantMax {
      tenants.append(try #require(test.subscribe(.tenant(TestBus.acme))))
    }
    #expect(test.subscribe(.tenant(TestBus.acme)) == nil)
    var number = 0
    while let tenant = TenantID("t\(number / 50)"), let one = test.subscribe(.tenant(tenant)) {
      tenants.append(one)
      number += 1
    }
    #expect(tenants.count == EventBus.tenantSubscribersMax)
    var admins: [Subscription] = []
    while let one = test.subscribe(.admin) { admins.append(one) }
    #expect(admins.count == EventBus.adminSubscribersMax)
    #expect(test.open("trading") == Double(EventBus.tenantSubscribersMax))
    #expect(test.open("admin") == Double(EventBus.adminSubscribersMax))
    tenants.removeLast()
    #expect(test.subscribe(.tenant(TestBus.globex)) != nil)
  }

  @Test func `knows who is watched`() throws {
    #expect(!test.bus.hasAdminSubscribers)
    let admin = try #require(test.subscribe(.admin))
    let tenant = try #require(test.subscribe(.tenant(TestBus.acme)))
    #expect(test.bus.hasAdminSubscribers)
    #expect(test.bus.watchedTenants == [TestBus.acme])
    admin.close()
    tenant.close()
    #expect(!test.bus.hasAdminSubscribers && test.bus.watchedTenants.isEmpty)
  }
}
