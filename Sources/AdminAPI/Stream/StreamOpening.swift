import ControlModel
import ControlPlane
import NIOCore
import Realtime
import Telemetry
import Wire

/// What an operator's stream begins with: where it stands, and the controls as they are. Without an id of their own, so that
/// resuming goes by the last event seen.
struct StreamOpening {
  let context: AdminContext

  init(_ context: AdminContext) {
    self.context = context
  }

  /// How often `status` comes while somebody watches: two missed and the picture is stale.
  private static let heartbeatMilliseconds = 1_000

  private struct Hello: Encodable {
    let replica: String
    let newest: UInt64
    let heartbeatMs: Int
    let epoch: UInt64
  }

  private struct Picture: Encodable {
    let epoch: UInt64
    let isHeld: Bool
    let controls: [ControlItem]
    let approvals: [ApprovalItem]
    let rollouts: [RolloutItem]
  }

  /// `hello`, then `snapshot`. Made after the subscription, so that nothing falls between them.
  var pieces: [ByteBuffer] {
    let view = context.processor.current
    let now = context.clocks.now
    let hello = Hello(
      replica: context.about.replica.text, newest: context.bus.lastSequence, heartbeatMs: Self.heartbeatMilliseconds,
      epoch: view.state.epoch.value)
    let picture = Picture(
      epoch: view.state.epoch.value, isHeld: view.isHeld,
      controls: view.state.controls.values.sorted { $0.epoch > $1.epoch }.map { ControlItem($0, in: view.state) },
      approvals: view.approvals.filter { $0.status(at: now) == .pending }.map(context.item),
      rollouts: view.rollouts.map { RolloutItem($0) })
    return [piece("hello", WireJSON.encode(hello), now), piece("snapshot", WireJSON.encode(picture), now)]
  }

  private func piece(_ name: String, _ data: [UInt8], _ now: WallTime) -> ByteBuffer {
    var buffer = ByteBuffer()
    buffer.writeString("event: \(name)\ndata: {\"v\":1,\"seq\":\(context.bus.lastSequence),\"ts\":\"\(now)\",\"data\":")
    buffer.writeBytes(data)
    buffer.writeString("}\n\n")
    return buffer
  }
}
