package import ControlModel
import Synchronization
package import Telemetry

/// Sends a webhook for every alert that fires or resolves.
///
/// Each receiver has its own queue, so that one that is down delays no other. Within a receiver the notifications of one
/// alert go in order, each until it is taken or given up; different alerts do not wait for each other.
package final class Notifier: Sendable {
  /// Posts a body to a URL. Throws unless the receiver answered 2xx.
  package typealias Post = @Sendable (_ url: String, _ body: [UInt8]) async throws -> Void

  /// The result of one notification, for the operator.
  package struct Delivery: Sendable {
    package let receiver: String
    package let alert: String
    package let fingerprint: String
    /// `ok`; `failed` when given up.
    package let status: String
    package let at: WallTime
    package let attempts: Int
    package let error: String?
  }

  /// Transitions waiting for one receiver; the oldest are dropped and counted, because the newest say what is true.
  package static let queueMax = 10_000
  /// Notifications on their way to one receiver at the same time.
  package static let concurrencyMax = 16
  /// Attempts until a notification counts as failed: pauses double from 0.5 s, so about a minute.
  package static let attemptsUntilFailed = 8
  /// Attempts until it is given up: every 30 s for another quarter of an hour, so that a receiver's restart loses nothing.
  package static let attemptsMax = 38
  private static let pauseMax = Duration.seconds(30)
  private static let deliveriesMax = 200

  private let lanes: [Lane]
  private let post: Post
  private let externalURL: String
  private let clocks: Clocks
  private let sleep: @Sendable (Duration) async throws -> Void
  private let newest = Mutex<[Delivery]>([])
  private let counted: MetricFamily

  package init(
    _ receivers: [Receiver], externalURL: String, clocks: Clocks, metrics: MetricRegistry,
    sleep: @escaping @Sendable (Duration) async throws -> Void, post: @escaping Post
  ) {
    lanes = receivers.map { Lane($0, queueMax: Self.queueMax, concurrencyMax: Self.concurrencyMax) }
    self.externalURL = externalURL
    self.clocks = clocks
    self.sleep = sleep
    self.post = post
    counted = metrics.family(MetricCatalog.notifications)
    for receiver in receivers {
      for result in ["ok", "failed", "dropped"] { _ = counted.counter(receiver.name, result) }
    }
  }

  /// Takes what is to be sent; returns at once. Pending alerts and those of severity `none` are nobody's business.
  package func enqueue(_ transitions: [AlertDesk.Transition]) {
    let wanted = transitions.filter { $0.what != .pending && $0.alert.severity != "none" }
    guard !wanted.isEmpty else { return }
    for lane in lanes {
      let dropped = lane.add(wanted)
      if dropped > 0 { count(lane, "dropped", by: dropped) }
    }
  }

  /// Sends until cancelled. What is then on its way or waiting is not sent.
  package func run() async {
    await withDiscardingTaskGroup { group in
      for lane in lanes { group.addTask { await self.serve(lane) } }
    }
  }

  private func serve(_ lane: Lane) async {
    await withDiscardingTaskGroup { group in
      while let next = await lane.next() {
        group.addTask {
          await self.deliver(next, on: lane)
          lane.finish(next)
        }
      }
    }
  }

  private func deliver(_ transition: AlertDesk.Transition, on lane: Lane) async {
    let body = WebhookPayload.encode(transition, receiver: lane.receiver.name, externalURL: externalURL)
    for attempt in 1...Self.attemptsMax {
      do {
        try await post(lane.receiver.webhook, body)
        count(lane, "ok")
        return note(transition, lane, "ok", attempt, nil)
      } catch {
        // A shutdown is no failure of the receiver.
        if Task.isCancelled { return }
        if attempt == Self.attemptsUntilFailed { count(lane, "failed") }
        if attempt == Self.attemptsMax { return note(transition, lane, "failed", attempt, "\(error)") }
        guard (try? await sleep(Self.pause(after: attempt))) != nil else { return }
      }
    }
  }

  /// 0.5 s, 1 s, 2 s … 30 s.
  private static func pause(after attempt: Int) -> Duration {
    min(.milliseconds(500 << min(attempt - 1, 8)), pauseMax)
  }

  private func count(_ lane: Lane, _ result: String, by amount: Int = 1) {
    counted.counter(lane.receiver.name, result).increment(by: amount)
  }

  private func note(
    _ transition: AlertDesk.Transition, _ lane: Lane, _ status: String, _ attempts: Int, _ error: String?
  ) {
    let delivery = Delivery(
      receiver: lane.receiver.name, alert: transition.alert.name, fingerprint: transition.alert.fingerprint,
      status: status, at: clocks.now, attempts: attempts, error: error)
    newest.withLock { newest in
      newest.append(delivery)
      if newest.count > Self.deliveriesMax { newest.removeFirst() }
    }
  }

  /// The newest deliveries, newest first.
  package var deliveries: [Delivery] { newest.withLock { $0.reversed() } }
}
