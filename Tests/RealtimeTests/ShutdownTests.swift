import ControlModel
import Telemetry
import Testing

@testable import Realtime

/// A process that shuts down must not wait for people to close their pages.
@Suite(.timeLimit(.minutes(5))) struct `The event bus at shutdown` {
  private let metrics = MetricRegistry()
  private let now = WallTime(unixMilliseconds: 0)

  @Test func `ends every open stream, with what was queued left unsent, and opens no other`() async throws {
    let bus = EventBus(metrics)
    let waiting = try #require(bus.subscribe(.admin, after: nil, at: now))
    let behind = try #require(bus.subscribe(.admin, after: nil, at: now))
    async let next = waiting.next()
    bus.publish("controls", at: now, Array("1".utf8))
    #expect(await next?.name == "controls")
    async let end = waiting.next()
    bus.end()
    #expect(await end == nil)
    #expect(await behind.next() == nil)
    #expect(bus.subscribe(.admin, after: nil, at: now) == nil)
    #expect(metrics.family(MetricCatalog.streamSubscribers).gauge("admin").value == 0)
  }
}
