import BreakwaterTesting
import ControlModel
import NIOCore
import Telemetry

@testable import Realtime

/// A bus with its own time and metrics.
struct TestBus {
  let metrics = MetricRegistry()
  let bus: EventBus
  let clock = TestClock()
  static let acme = TenantID("acme")!
  static let globex = TenantID("globex")!

  init() { bus = EventBus(metrics) }

  func publish(_ text: String, to tenant: TenantID? = nil, name: String = "orders_update", isSnapshot: Bool = false) {
    bus.publish(name, tenant: tenant, at: clock.clocks.now, isSnapshot: isSnapshot, Array("\"\(text)\"".utf8))
  }

  func subscribe(_ audience: EventBus.Audience, after: UInt64? = nil) -> Subscription? {
    bus.subscribe(audience, after: after, at: clock.clocks.now)
  }

  var dropped: Double { metrics.family(MetricCatalog.streamDropped).counter("slow").value }

  func open(_ namespace: String) -> Double { metrics.family(MetricCatalog.streamSubscribers).gauge(namespace).value }
}

extension Subscription {
  /// The next `count` events, each as its name and data.
  func take(_ count: Int) async -> [BusEvent] {
    var events: [BusEvent] = []
    for _ in 0..<count {
      guard let event = await next() else { return events }
      events.append(event)
    }
    return events
  }
}

extension BusEvent {
  var text: String { String(decoding: data, as: UTF8.self).replacing("\"", with: "") }
}
