package import ControlModel
import Synchronization
package import Telemetry

/// Keeps the calendar of planned stops. When an occurrence begins, its stop is imposed; when it is over, its release is
/// asked for in its creator's name, and a different admin decides. Stops that overlap stand side by side.
package actor PlannedStops {
  private let processor: CommandProcessor
  private let clocks: Clocks
  private let ids: IDSource
  private let remember: @Sendable (PlannedStop) async -> Void
  private var stops: [String: PlannedStop] { didSet { publish() } }
  private nonisolated let calendar = Mutex<[PlannedStop]>([])

  /// - Parameter remember: makes a planned stop durable.
  package init(
    processor: CommandProcessor, clocks: Clocks, ids: IDSource, earlier: [PlannedStop],
    remember: @escaping @Sendable (PlannedStop) async -> Void
  ) {
    self.processor = processor
    self.clocks = clocks
    self.ids = ids
    self.remember = remember
    stops = Dictionary(earlier.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    calendar.withLock { $0 = earlier }
  }

  /// The calendar as it is, for readers that must not wait.
  package nonisolated var planned: [PlannedStop] { calendar.withLock { $0 } }

  private func publish() {
    let all = stops.values.sorted { $0.id < $1.id }
    calendar.withLock { $0 = all }
  }

  /// By when they begin next; those that are over last.
  package var all: [PlannedStop] {
    let now = clocks.now
    return stops.values.sorted {
      ($0.occurrence(at: now)?.start.unixMilliseconds ?? .max, $0.id)
        < ($1.occurrence(at: now)?.start.unixMilliseconds ?? .max, $1.id)
    }
  }

  /// Refuses `request.invalid`.
  package func add(_ stop: PlannedStop) throws(Refusal) {
    try stop.validated()
    guard stops.count < PlannedStop.plannedMax else {
      throw Refusal(
        .requestInvalid, "There are \(PlannedStop.plannedMax) planned stops, the most there can be; remove one.")
    }
    stops[stop.id] = stop
  }

  /// A stop it has imposed stays, until it is released as any other. Refuses `resource.unknown`.
  package func remove(_ id: String) throws(Refusal) {
    guard stops.removeValue(forKey: id) != nil else {
      throw Refusal(.notFound, "There is no planned stop \(id.prefix(64)); see /admin/windows.")
    }
  }

  /// Does what is due. Called about once a second; a start that comes late begins what is still running.
  package func tick() async {
    let now = clocks.now
    for stop in stops.values.sorted(by: { $0.id < $1.id }) {
      if let (start, end) = stop.occurrence(at: now), start <= now, now < end, (stop.begun ?? .distantPast) < start {
        await begin(stop, start, end)
      } else if let control = stop.control, stop.begun.map({ now >= stop.end(of: $0) }) == true {
        await end(stop, control)
      }
    }
  }

  private func begin(_ stop: PlannedStop, _ start: WallTime, _ end: WallTime) async {
    var begun = stop
    begun.begun = start
    stops[stop.id] = begun
    let left = end.unixMilliseconds - clocks.now.unixMilliseconds
    let draft = ControlDraft(
      scope: stop.scope, level: stop.level, cancel: stop.cancel, reason: stop.reason,
      reviewAfterMilliseconds: min(max(left, 60_000), 604_800_000))
    // It was valid when it was planned.
    guard
      let order = try? Authorizer.planned(
        draft, actor: "window:\(stop.id)", origin: .platform, requestID: ids.requestID())
    else { return }
    begun.control = await processor.impose(order).controls.first?.id
    stops[stop.id] = begun
    await remember(begun)
  }

  private func end(_ stop: PlannedStop, _ control: ControlID) async {
    var over = stop
    over.control = nil
    stops[stop.id] = over
    let state = processor.current.state
    // Where one admin releases alone, asking would be releasing: the control stays, and its review is due.
    if state.controls[control] != nil, processor.settings.requiresApproval {
      let admin = Authorizer.planner(stop.createdBy, requestID: ids.requestID())
      do throws(Refusal) {
        _ = try await processor.requestRelease(
          [control], reason: "planned stop \(stop.id) is over: \(stop.reason.prefix(400))", expecting: state.epoch,
          isBreakGlass: false, by: admin)
      } catch {
        // Not safe yet, or the state moved: asked again with the next tick; its review is due meanwhile.
        stops[stop.id] = stop
        return
      }
    }
    await remember(over)
  }
}

extension PlannedStop {
  /// When the occurrence that began at `start` is over.
  fileprivate func end(of start: WallTime) -> WallTime {
    start.adding(milliseconds: endsAt.unixMilliseconds - startsAt.unixMilliseconds)
  }
}

extension WallTime {
  fileprivate static let distantPast = WallTime(unixMilliseconds: .min)
}
