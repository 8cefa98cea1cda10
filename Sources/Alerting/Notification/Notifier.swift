package import ControlModel
import Synchronization
package import Telemetry

/// Where notifications go.
package struct Receiver: Sendable, Equatable {
  package let name: String
  package let webhook: String

  package init(name: String, webhook: String) {
    self.name = name
    self.webhook = webhook
  }
}

/// Sends a webhook for every alert that fires or resolves, in order, each until it is taken or given up.
package final class Notifier: Sendable {
  /// Posts a body to a URL. Throws unless the receiver answered 2xx.
  package typealias Post = @Sendable (_ url: String, _ body: [UInt8]) async throws -> Void

  /// One attempt's result, for the operator.
  package struct Delivery: Sendable {
    package let receiver: String
    package let alert: String
    package let fingerprint: String
    package let status: String
    package let at: WallTime
    package let attempts: Int
    package let error: String?
  }

  private struct State {
    var queue: [AlertDesk.Transition] = []
    var waiter: CheckedContinuation<Void, Never>?
    var deliveries: [Delivery] = []
  }

  /// Transitions waiting to be sent; the oldest are dropped and counted, because the newest say what is true.
  private static let queueMax = 10_000
  /// Attempts per notification: with doubling pauses from 0.5 s about two minutes.
  private static let attemptsMax = 8
  private static let deliveriesMax = 200

  private let receivers: [Receiver]
  private let post: Post
  private let externalURL: String
  private let clocks: Clocks
  private let sleep: @Sendable (Duration) async throws -> Void
  private let state = Mutex(State())
  private let sent: MetricFamily

  package init(
    _ receivers: [Receiver], externalURL: String, clocks: Clocks, metrics: MetricRegistry,
    sleep: @escaping @Sendable (Duration) async throws -> Void, post: @escaping Post
  ) {
    self.receivers = receivers
    self.externalURL = externalURL
    self.clocks = clocks
    self.sleep = sleep
    self.post = post
    sent = metrics.family(MetricCatalog.notifications)
    for receiver in receivers {
      _ = sent.counter(receiver.name, "ok")
      _ = sent.counter(receiver.name, "failed")
    }
  }

  /// Takes what is to be sent; returns at once.
  package func enqueue(_ transitions: [AlertDesk.Transition]) {
    let wanted = transitions.filter { $0.what != .pending && $0.alert.severity != "none" }
    guard !wanted.isEmpty, !receivers.isEmpty else { return }
    let waiter = state.withLock { state in
      state.queue += wanted
      if state.queue.count > Self.queueMax { state.queue.removeFirst(state.queue.count - Self.queueMax) }
      defer { state.waiter = nil }
      return state.waiter
    }
    waiter?.resume()
  }

  /// Sends until cancelled.
  package func run() async {
    while !Task.isCancelled {
      let next = state.withLock { $0.queue.isEmpty ? nil : $0.queue.removeFirst() }
      guard let next else {
        await waitForWork()
        continue
      }
      await withTaskGroup(of: Void.self) { group in
        for receiver in receivers { group.addTask { await self.deliver(next, to: receiver) } }
      }
    }
  }

  private func waitForWork() async {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let hasWork = state.withLock { state in
          if state.queue.isEmpty, !Task.isCancelled { state.waiter = continuation }
          return state.waiter == nil
        }
        if hasWork { continuation.resume() }
      }
    } onCancel: {
      let waiter = state.withLock { state in
        defer { state.waiter = nil }
        return state.waiter
      }
      waiter?.resume()
    }
  }

  private func deliver(_ transition: AlertDesk.Transition, to receiver: Receiver) async {
    let body = WebhookPayload.encode(transition, receiver: receiver.name, externalURL: externalURL)
    var failure: String?
    for attempt in 1...Self.attemptsMax {
      do {
        try await post(receiver.webhook, body)
        sent.counter(receiver.name, "ok").increment()
        return note(transition, receiver, "ok", attempt, nil)
      } catch {
        failure = "\(error)"
      }
      if attempt < Self.attemptsMax, (try? await sleep(.milliseconds(500 << (attempt - 1)))) == nil { break }
    }
    sent.counter(receiver.name, "failed").increment()
    note(transition, receiver, "failed", Self.attemptsMax, failure)
  }

  private func note(
    _ transition: AlertDesk.Transition, _ receiver: Receiver, _ status: String, _ attempts: Int, _ error: String?
  ) {
    let delivery = Delivery(
      receiver: receiver.name, alert: transition.alert.name, fingerprint: transition.alert.fingerprint,
      status: status, at: clocks.now, attempts: attempts, error: error)
    state.withLock { state in
      state.deliveries.append(delivery)
      if state.deliveries.count > Self.deliveriesMax { state.deliveries.removeFirst() }
    }
  }

  /// The newest deliveries, newest first.
  package var deliveries: [Delivery] { state.withLock { $0.deliveries.reversed() } }
}
