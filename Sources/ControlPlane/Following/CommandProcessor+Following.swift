package import ControlModel
import Store
import Synchronization
import Telemetry
import TradingRuntime

/// A stop after its answer: until every order that was in doubt has a known outcome it is sealed, from then on settled.
struct FollowedStop: Sendable {
  var receipt: Receipt
  /// Orders it took back.
  let canceled: [OrderID]
  /// Handed to a venue without a known outcome when it was sealed.
  let doubtful: Set<OrderID>
  let refusedBefore: Int
  /// Monotonic, when it was asked for.
  let beganAt: Int64
  let settled = Outcome<WallTime>()
}

extension CommandProcessor {
  /// Stops followed at a time, the newest; older ones are known by their documents.
  static let followedMax = 500

  /// Keeps an eye on a sealed stop.
  func follow(_ receipt: Receipt, canceled: [OrderID], refusedBefore: Int, beganAt: Int64) {
    guard let control = receipt.controls.first else { return }
    let doubtful = Set(receipt.replicas.flatMap(\.inDoubt).map(\.order))
    let stop = FollowedStop(
      receipt: receipt, canceled: canceled, doubtful: doubtful, refusedBefore: refusedBefore, beganAt: beganAt)
    followed[control.id] = stop
    if followed.count > Self.followedMax,
      let oldest = followed.min(by: { $0.value.receipt.requestedAt < $1.value.receipt.requestedAt })?.key
    {
      followed[oldest] = nil
    }
    guard !doubtful.isEmpty else { return stop.settled.resolve(receipt.requestedAt) }
    // Ends when the last outcome is known, when the stop is no longer followed, or with the process.
    Task { await waitForOutcomes(of: control, stop) }
  }

  private func waitForOutcomes(of control: Control, _ stop: FollowedStop) async {
    while followed[control.id] != nil {
      let open = Set(runtime.inDoubt(control.scope).map(\.order))
      if open.isDisjoint(with: stop.doubtful) {
        let now = clocks.now
        followed[control.id]?.receipt.settledAt = now
        metrics.phase("settled", clocks.monotonic() - stop.beganAt)
        stop.settled.resolve(now)
        return tell(.settled, [control], actor: control.actor, requestID: control.requestID)
      }
      await sleep(settings.stagePause)
    }
  }

  /// What is true of a stop now: what is still in doubt, what the venue has taken back, what is left. Nil when it is not
  /// followed: imposed by an earlier process, or long ago.
  package func receipt(_ id: ControlID) -> Receipt? {
    guard let stop = followed[id], let control = stop.receipt.controls.first else { return nil }
    var receipt = stop.receipt
    let doubtful = runtime.inDoubt(control.scope).filter { stop.doubtful.contains($0.order) }
    receipt.stillInDoubt = doubtful
    if stop.settled.known != nil, receipt.state == .sealed { receipt.state = .settled }
    let open = guards.openCount(stop.canceled)
    receipt.cancel.confirmed = max(0, stop.canceled.count - open)
    receipt.cancel.pendingMarketOpen = min(receipt.cancel.pendingMarketOpen, open)
    receipt.exposureLeft = runtime.exposure(control.scope)
    receipt.refusedSince = runtime.refusedCount - stop.refusedBefore
    return receipt
  }

  /// Waits until `id` is settled, for at most `limit`, and returns what is true then.
  func settled(_ receipt: Receipt, within limit: Duration) async -> Receipt {
    guard let id = receipt.controls.first?.id, let stop = followed[id] else { return receipt }
    _ = await stop.settled.value(within: min(limit, Self.waitMax), sleep: sleep)
    return self.receipt(id) ?? receipt
  }

  /// Longest a stop's answer waits for `settled`.
  package static let waitMax = Duration.seconds(30)
}
