import BreakwaterTesting
import ControlModel
import Telemetry
import Testing

@testable import Realtime

/// A reader that does not keep up costs a bounded amount and learns what it missed.
@Suite(.timeLimit(.minutes(3))) struct `A slow reader` {
  private let test = TestBus()
  private let max = SubscriberQueue.queueMax

  @Test func `loses the oldest changes, is told how many first, and they are counted`() async throws {
    let slow = try #require(test.subscribe(.admin))
    let quick = try #require(test.subscribe(.admin))
    for number in 0..<max + 10 {
      test.publish("\(number)")
      #expect(await quick.next()?.text == "\(number)")
    }
    let first = try #require(await slow.next())
    #expect(first.name == "gap")
    #expect(String(decoding: first.data, as: UTF8.self) == "{\"reason\":\"slow\",\"missed\":10}")
    let rest = await slow.take(max)
    #expect(rest.map(\.text) == (10..<max + 10).map(String.init))
    #expect(rest.first.map { $0.sequence == first.sequence + 1 } == true)
    #expect(test.dropped == 10)
    test.publish("after")
    #expect(await slow.next()?.text == "after")
  }

  @Test func `sees only the newest of a snapshot, and of each tenant's`() async throws {
    let reader = try #require(test.subscribe(.admin))
    for number in 0..<5 {
      test.publish("s\(number)", name: "status", isSnapshot: true)
      test.publish("a\(number)", to: TestBus.acme, name: "bot_state", isSnapshot: true)
      test.publish("g\(number)", to: TestBus.globex, name: "bot_state", isSnapshot: true)
      test.publish("change\(number)")
    }
    let texts = await reader.take(8).map(\.text)
    #expect(texts == ["change0", "change1", "change2", "change3", "s4", "a4", "g4", "change4"])
    #expect(test.dropped == 0)
  }

  @Test func `loses snapshots before changes`() async throws {
    let reader = try #require(test.subscribe(.admin))
    for number in 0..<5 { test.publish("s", name: "status\(number)", isSnapshot: true) }
    for number in 0..<max { test.publish("\(number)") }
    test.publish("late", name: "status9", isSnapshot: true)
    #expect(test.dropped == 0)
    #expect(await reader.take(max).map(\.text) == (0..<max).map(String.init))
  }

  @Test func `holds up nobody, and has no more waiting than its queue`() async throws {
    var slow: [Subscription] = []
    for _ in 0..<5 { slow.append(try #require(test.subscribe(.tenant(TestBus.acme)))) }
    let quick = try #require(test.subscribe(.tenant(TestBus.globex)))
    for number in 0..<max * 3 {
      test.publish("x", to: TestBus.acme)
      if number % 100 == 0 {
        test.publish("\(number)", to: TestBus.globex)
        #expect(await quick.next()?.text == "\(number)")
      }
    }
    #expect(test.dropped == Double(5 * max * 2))
    let events = await slow[0].take(max + 1)
    #expect(events.first?.name == "gap")
    #expect(events.dropFirst().allSatisfy { $0.text == "x" })
  }
}
