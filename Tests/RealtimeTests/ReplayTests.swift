import BreakwaterTesting
import ControlModel
import Telemetry
import Testing

@testable import Realtime

/// A reader that comes back names the last event it has.
@Suite(.timeLimit(.minutes(3))) struct `Coming back` {
  private let test = TestBus()

  /// Everything waiting for a reader, told from what comes after by a last event.
  private func waiting(_ reader: Subscription, to tenant: TenantID? = nil) async -> [String] {
    test.publish("end", to: tenant)
    var texts: [String] = []
    while let event = await reader.next(), event.text != "end" {
      texts.append(event.name == "gap" ? String(decoding: event.data, as: UTF8.self) : event.text)
    }
    return texts
  }

  private let forgotten = "{\"reason\":\"forgotten\"}"

  @Test func `yields what was missed since, once and in order, and no old snapshots`() async throws {
    let reader = try #require(test.subscribe(.tenant(TestBus.acme)))
    test.publish("1", to: TestBus.acme)
    let last = try #require(await reader.next()).sequence
    reader.close()
    test.publish("other", to: TestBus.globex)
    test.publish("2", to: TestBus.acme)
    test.publish("old", to: TestBus.acme, isSnapshot: true)
    test.publish("3", to: TestBus.acme)
    let again = try #require(test.subscribe(.tenant(TestBus.acme), after: last))
    #expect(await waiting(again, to: TestBus.acme) == ["2", "3"])
  }

  @Test func `to nothing new yields nothing, and coming for the first time neither`() async throws {
    test.publish("1")
    let last = test.bus.lastSequence
    #expect(await waiting(try #require(test.subscribe(.admin, after: last))).isEmpty)
    #expect(await waiting(try #require(test.subscribe(.admin))).isEmpty)
  }

  @Test func `after more than is kept yields a gap first, then all that is kept`() async throws {
    test.publish("first")
    let last = test.bus.lastSequence
    for number in 0..<EventBus.recentMax * 2 { test.publish("\(number)") }
    let texts = await waiting(try #require(test.subscribe(.admin, after: last)))
    #expect(texts.first == forgotten)
    #expect(texts.last == "\(EventBus.recentMax * 2 - 1)")
    #expect(texts.count - 1 >= SubscriberQueue.queueMax - 1, "the last event pushes one out of a full queue")
    #expect(texts.dropFirst() == (0..<EventBus.recentMax * 2).map(String.init).suffix(texts.count - 1))
  }

  @Test(arguments: [0, 1, 400, 511, 512, 1023, 1024, 1400])
  func `after any number of events misses none without being told`(missed: Int) async throws {
    for number in 0..<1500 { test.publish("before\(number)") }
    let last = test.bus.lastSequence
    for number in 0..<missed { test.publish("\(number)") }
    let reader = try #require(test.subscribe(.admin, after: last))
    let texts = await waiting(reader)
    let kept = texts.filter { !$0.hasPrefix("{") }
    #expect(kept == (0..<missed).map(String.init).suffix(kept.count))
    #expect((kept.count < missed) == (texts.first?.hasPrefix("{") == true))
    #expect(kept.count >= min(missed, SubscriberQueue.queueMax - 1))
    if missed > SubscriberQueue.queueMax { #expect(texts.first == forgotten, "it was away, not slow") }
  }

  @Test func `to another process yields a gap`() async throws {
    test.publish("1")
    let old = test.bus.lastSequence
    let next = TestBus()
    next.clock.advance(by: .seconds(5))
    next.publish("2")
    let reader = try #require(next.subscribe(.admin, after: old))
    let events = await reader.take(2)
    #expect(events.map(\.name) == ["gap", "orders_update"])
    #expect(events[0].sequence < events[1].sequence)
  }

  @Test(arguments: [1, 99, UInt64.max])
  func `to a process that has published nothing, or with an id from elsewhere, yields a gap`(after: UInt64) async throws
  {
    let early = try #require(test.subscribe(.admin, after: after))
    #expect(await early.next()?.name == "gap")
    test.publish("1")
    let late = try #require(test.subscribe(.admin, after: after))
    #expect(await late.next()?.name == "gap")
  }

  @Test func `after a gap, the gap's own id continues without another`() async throws {
    for number in 0..<EventBus.recentMax * 2 { test.publish("\(number)") }
    let reader = try #require(test.subscribe(.admin, after: 1))
    let gap = try #require(await reader.next())
    reader.close()
    let again = try #require(test.subscribe(.admin, after: gap.sequence))
    #expect(await again.next()?.name == "orders_update")
  }
}
