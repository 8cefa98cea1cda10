import ControlModel
import DataPlane
import Realtime
import Telemetry
import Wire

/// Live events as server-sent events.
struct StreamEndpoints {
  let context: AdminContext

  /// GET /stream/v1/admin
  func admin(_ call: Call) async throws(Refusal) -> Reply { try open(.admin, call) }

  /// GET /stream/v1/trading: the caller's own tenant.
  func trading(_ call: Call) async throws(Refusal) -> Reply { try open(.tenant(try call.tenant), call) }

  private func open(_ audience: EventBus.Audience, _ call: Call) throws(Refusal) -> Reply {
    let after = (call.field("last-event-id") ?? call.query.first("lastEventId")).flatMap { UInt64($0) }
    guard let subscription = context.bus.subscribe(audience, after: after, at: context.clocks.now) else {
      throw Refusal(.overloadShed, "Too many streams are open; try again shortly.", retryAfterSeconds: 5)
    }
    context.streams.admit(subscription, try call.principal)
    return Reply(
      200, contentType: ServerSentEvents.contentType,
      fields: [("Cache-Control", "no-store"), ("X-Accel-Buffering", "no")],
      body: .stream(
        ServerSentEvents.stream(subscription, first: audience == .admin ? StreamOpening(context).pieces : [])))
  }
}
