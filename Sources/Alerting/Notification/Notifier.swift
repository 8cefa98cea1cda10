import ControlModel
package import Telemetry

/// Brings messages to receivers.
///
/// Each receiver has its own queue, so that one that is down delays no other. Within a receiver the messages of one group
/// go in order, each until it is taken or given up; different groups do not wait for each other. A message is sent again
/// when the process ended before its answer was written down: at least once on the wire, always under the same key.
package final class Notifier: Sendable {
  /// Sends a message. Throws unless the receiver took it.
  package typealias Send = @Sendable (_ message: OutboundMessage) async throws -> Void

  /// Messages waiting for one receiver; the oldest are dropped and counted, because the newest say what is true.
  package static let queueMax = 10_000
  /// Messages on their way to one receiver at the same time.
  package static let concurrencyMax = 16
  /// Attempts until a message counts as failed and the fallback gets it: pauses double from 0.5 s, so about a minute.
  package static let attemptsUntilFailed = 8
  /// Attempts until it is given up: every 30 s for another quarter of an hour, so that a receiver's restart loses nothing.
  package static let attemptsMax = 38
  private static let pauseMax = Duration.seconds(30)
  /// Longest text kept of why an attempt failed, in characters.
  private static let errorCharactersMax = 300

  private let lanes: [String: Lane]
  private let ledger: any NotificationLedger
  private let send: Send
  private let externalURL: String
  private let clocks: Clocks
  private let sleep: @Sendable (Duration) async throws -> Void
  private let counted: MetricFamily
  private let waiting: MetricFamily

  package init(
    _ receivers: [Receiver], externalURL: String, ledger: any NotificationLedger, clocks: Clocks,
    metrics: MetricRegistry, sleep: @escaping @Sendable (Duration) async throws -> Void, send: @escaping Send
  ) {
    let lanes = receivers.filter(\.takesMessages).map {
      Lane($0, queueMax: Self.queueMax, concurrencyMax: Self.concurrencyMax)
    }
    self.lanes = Dictionary(lanes.map { ($0.receiver.name, $0) }, uniquingKeysWith: { first, _ in first })
    self.ledger = ledger
    self.externalURL = externalURL
    self.clocks = clocks
    self.sleep = sleep
    self.send = send
    counted = metrics.family(MetricCatalog.notifications)
    waiting = metrics.family(MetricCatalog.notificationsWaiting)
    for receiver in receivers {
      for result in ["ok", "failed", "dropped"] { _ = counted.counter(receiver.name, result) }
      waiting.gauge(receiver.name).set(0)
    }
    metrics.onCollect { [waiting] in
      for lane in lanes { waiting.gauge(lane.receiver.name).set(Double(lane.waitingCount)) }
    }
  }

  package var receivers: [Receiver] { lanes.values.map(\.receiver).sorted { $0.name < $1.name } }

  /// Takes what is to be sent; returns at once. Answers what found no receiver or no room.
  @discardableResult package func enqueue(_ deliveries: [Delivery]) -> [Delivery] {
    let byReceiver = Dictionary(grouping: deliveries) { $0.notification.receiver }
    var lost: [Delivery] = []
    for (name, deliveries) in byReceiver {
      guard let lane = lanes[name] else {
        lost += deliveries
        continue
      }
      let dropped = lane.add(deliveries)
      if !dropped.isEmpty { counted.counter(name, "dropped").increment(by: dropped.count) }
      lost += dropped
    }
    return lost
  }

  /// Sends one message now and says how it went, beside the queues: for people who test a receiver.
  package func test(_ receiver: String, by actor: String) async -> Delivery? {
    guard let lane = lanes[receiver] else { return nil }
    let notification = Notification.test(receiver, by: actor, at: clocks.now)
    var delivery = Delivery(notification, attempts: 1)
    do {
      try await send(OutboundMessage(notification, to: lane.receiver, externalURL: externalURL))
      delivery.status = .sent
    } catch {
      delivery.status = .failed
      delivery.error = Self.words(error)
    }
    delivery.finishedAt = clocks.now
    await ledger.note(delivery)
    return delivery
  }

  /// Tells pagers that someone has the incidents of these groups.
  package func acknowledge(_ groups: [(receivers: [String], groupKey: String)]) {
    for (names, groupKey) in groups {
      for name in names {
        guard let lane = lanes[name], case .pagerDuty(let url, let routingKey) = lane.receiver.kind else { continue }
        let body = PagerDutyPayload.acknowledge(groupKey, routingKey: routingKey)
        // Ends with its one attempt, which the transport bounds; nobody cancels it.
        Task { [send, counted] in
          let isTaken = (try? await send(.http(url: url, fields: [], body: body))) != nil
          counted.counter(name, isTaken ? "ok" : "failed").increment()
        }
      }
    }
  }

  /// Sends until cancelled. What is then on its way or waiting stays queued in the ledger.
  package func run() async {
    await withDiscardingTaskGroup { group in
      for lane in lanes.values { group.addTask { await self.serve(lane) } }
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

  private func deliver(_ first: Delivery, on lane: Lane) async {
    var delivery = first
    let message = OutboundMessage(delivery.notification, to: lane.receiver, externalURL: externalURL)
    while delivery.attempts < Self.attemptsMax {
      delivery.attempts += 1
      do {
        try await send(message)
        delivery.status = .sent
        delivery.error = nil
        counted.counter(lane.receiver.name, "ok").increment()
        return await finish(delivery)
      } catch {
        // A shutdown is no failure of the receiver.
        if Task.isCancelled { return }
        delivery.error = Self.words(error)
        if delivery.attempts == Self.attemptsUntilFailed { await handOver(delivery, lane) }
        if delivery.attempts == Self.attemptsMax { break }
        await ledger.note(delivery)
        guard (try? await sleep(Self.pause(after: delivery.attempts))) != nil else { return }
      }
    }
    delivery.status = .failed
    await finish(delivery)
  }

  private func finish(_ delivery: Delivery) async {
    var delivery = delivery
    delivery.finishedAt = clocks.now
    await ledger.note(delivery)
  }

  /// A minute of attempts has failed: it counts, and whoever stands in is told as well.
  private func handOver(_ delivery: Delivery, _ lane: Lane) async {
    counted.counter(lane.receiver.name, "failed").increment()
    // A message that was handed over once is not handed on: two receivers that stand in for each other would play ball.
    guard let fallback = lane.receiver.fallback, delivery.notification.cause != .fallback else { return }
    let copy = Delivery(delivery.notification.handedOver(to: fallback))
    await ledger.note(copy)
    enqueue([copy])
  }

  /// 0.5 s, 1 s, 2 s … 30 s.
  private static func pause(after attempt: Int) -> Duration {
    min(.milliseconds(500 << min(attempt - 1, 8)), pauseMax)
  }

  private static func words(_ error: any Error) -> String { String("\(error)".prefix(errorCharactersMax)) }
}
