/// A subscriber's end of the bus. One reader. It leaves the bus when it is closed, when its reader is cancelled, and when
/// nobody holds it any more: a connection that broke before its first event must not stay subscribed.
package final class Subscription: Sendable {
  private let id: Int
  private let bus: EventBus

  init(_ id: Int, of bus: EventBus) {
    self.id = id
    self.bus = bus
  }

  deinit { bus.leave(id) }

  /// The next event; nil at the end.
  package func next() async -> BusEvent? { await bus.next(id) }

  package func close() { bus.leave(id) }
}
