import ControlModel
import Identity
import NIOCore
import Telemetry

/// A WebSocket connection through the gateway, after both sides have agreed to it. Bytes pass both ways unread but for
/// where frames end; it lasts while its token does.
final class Tunnel {
  /// Why one ended: values of the `reason` label of `breakwater_tunnels_closed_total`.
  enum End: String {
    case client, upstream, idle, expired, revoked, draining

    /// What the peers are told, where a frame of ours may stand (RFC 6455 §7.4.1; 1012 is registered for a restart).
    var closeCode: UInt16? {
      switch self {
      case .client, .upstream: nil
      case .idle: 1001
      case .expired, .revoked: 1008
      case .draining: 1012
      }
    }

    var refusal: RefusalCode? {
      switch self {
      case .expired: .authExpired
      case .revoked: .authRevoked
      case .client, .upstream, .idle, .draining: nil
      }
    }
  }

  let caller: Principal?
  private let idleNanoseconds: Int64
  private var checkedEpoch: UInt64
  private var idleDeadline: Int64
  /// When it ends because the process stops.
  private var drainDeadline = Int64.max
  private var fromClient = WebSocketFrames()
  private var fromUpstream = WebSocketFrames()

  init(_ caller: Principal?, epoch: UInt64, idleNanoseconds: Int64, at now: Int64) {
    self.caller = caller
    self.idleNanoseconds = idleNanoseconds
    checkedEpoch = epoch
    idleDeadline = now + idleNanoseconds
  }

  func heardClient(_ bytes: ByteBuffer, at now: Int64) {
    fromClient.read(bytes.readableBytesUInt8Span)
    idleDeadline = now + idleNanoseconds
  }

  func heardUpstream(_ bytes: ByteBuffer, at now: Int64) {
    fromUpstream.read(bytes.readableBytesUInt8Span)
    idleDeadline = now + idleNanoseconds
  }

  /// Whether a frame may be put in towards the client, and towards the upstream.
  var mayTellClient: Bool { fromUpstream.isAtEnd }
  var mayTellUpstream: Bool { fromClient.isAtEnd }

  /// Ends some time before `deadline`: not all at once, so that not all clients come back at once.
  func drain(by deadline: Int64) { drainDeadline = min(drainDeadline, deadline) }

  /// Why it has to end now; nil while it may go on.
  func end(_ now: Int64, wall: WallTime, _ revocations: RevocationStore) -> End? {
    if now >= drainDeadline { return .draining }
    if now >= idleDeadline { return .idle }
    guard let caller else { return nil }
    do throws(Refusal) { try caller.checkValidity(at: wall) } catch { return .expired }
    let epoch = revocations.epoch
    guard epoch != checkedEpoch else { return nil }
    do throws(Refusal) { try revocations.check(caller) } catch { return .revoked }
    checkedEpoch = epoch
    return nil
  }
}
