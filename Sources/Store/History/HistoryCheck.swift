package import Foundation

/// Judges a history by the properties P1 to P8 of `docs/GUARANTEE.md`. One pass over events in time order: n log n for the
/// sorting, then a few look-ups per event however many stops are in force.
package struct HistoryCheck {
  package struct Violation: Sendable, Equatable {
    /// `P1` … `P8`.
    package let property: String
    package let sentence: String
    /// The events that show it: line numbers from 1.
    package let lines: [Int]
  }

  package struct Report: Sendable, Equatable {
    package var events = 0
    package var orders = 0
    package var stops = 0
    package var releases = 0
    package var runs = 0
    /// Events the history says it lacks. With any, no violation means only: none was seen.
    package var missing: Int64 = 0
    package var violations: [Violation] = []

    package init() {}

    package var isSound: Bool { violations.isEmpty }
  }

  /// Violations named; more are counted in no one's interest.
  package static let violationsMax = 1000

  private var report = Report()
  private var stops: [String: HistoryStop] = [:]
  private var inForce = HistoryIndex()
  private var starts: [String: (line: Int, isReducing: Bool)] = [:]
  /// Orders some gate wrote down, at any time.
  private var started: Set<String> = []
  private var epochs: [UInt64: Int] = [:]
  /// Transitions that are no stops, by the epoch they were decided at, whose end is not on record.
  private var undecided: [UInt64: Int] = [:]
  private var audits: [(audit: Int64, epoch: UInt64, line: Int)] = []
  private var runs: [String: HistoryRun] = [:]
  private var replicas: Set<String> = []
  private var late: [(id: String, stop: HistoryStop, at: Int64, run: String, bound: Int64, line: Int)] = []

  /// Reads lines of JSON; a last line cut short by a crash is left out. Throws `corrupt` with the line number for another
  /// that is not an event.
  package static func read(_ bytes: Data) throws(StoreFailure) -> [HistoryEvent] {
    var events: [HistoryEvent] = []
    let decoder = JSONDecoder()
    let lines = bytes.split(separator: 10)
    for (index, line) in lines.enumerated() {
      guard let event = try? decoder.decode(HistoryEvent.self, from: Data(line)) else {
        if index == lines.count - 1, bytes.last != 10 { break }
        throw StoreFailure(.corrupt, "Line \(index + 1) is not an event of a history.")
      }
      events.append(event)
    }
    return events
  }

  package static func check(_ events: [HistoryEvent]) -> Report {
    var check = HistoryCheck()
    let order = events.indices.sorted { left, right in
      let (a, b) = (events[left], events[right])
      return (a.at, a.rank, left) < (b.at, b.rank, right)
    }
    check.report.events = events.count
    // A venue's clock may be a millisecond behind: what a gate says of an order goes before the venue's word on it.
    check.started = Set(events.lazy.filter { $0.event == .orderStart }.compactMap(\.order))
    for index in order { check.take(events[index], line: index + 1) }
    check.finish()
    return check.report
  }

  private mutating func fail(_ property: String, _ sentence: String, _ lines: [Int]) {
    guard report.violations.count < Self.violationsMax else { return }
    report.violations.append(Violation(property: property, sentence: sentence, lines: lines))
  }

  private mutating func take(_ event: HistoryEvent, line: Int) {
    switch event.event {
    case .boot: boot(event, line)
    case .opened: opened(event, line)
    case .stall: runs[event.run]?.stalls.append((event.at - (event.count ?? 0) * 1_000_000, event.at))
    case .gap: report.missing += event.count ?? 1
    case .orderStart:
      report.orders += 1
      starts[event.order ?? ""] = (line, event.reducing ?? false)
      judgeStart(event, line)
    case .venueTook: if !started.contains(event.order ?? "") { judgeStart(event, line) }
    case .orderOut, .orderAnswer: break
    case .orderFill: judgeFill(event, line)
    case .orderCancel:
      if event.mode == "entries", event.protective == true {
        fail(
          "P8", "a stop that keeps protective orders took back \(event.order ?? "?")",
          [stops[event.control ?? ""]?.line ?? line, line])
      }
    case .stopRequested:
      if let id = event.control { stops[id] = HistoryStop(event, line) }
    case .stopSealed: sealed(event, line)
    case .stopCommitted:
      if let id = event.control { stops[id]?.isCommitted = true }
      committed(event, line)
    case .releaseBegin:
      for id in event.controls ?? [] { lift(id, line) }
      decided(event, by: 1)
    case .releaseFailed:
      for id in event.controls ?? [] { restore(id) }
      decided(event, by: -1)
    case .releaseCommitted:
      report.releases += 1
      for id in event.controls ?? [] { stops[id]?.isReleased = true }
      decided(event, by: -1)
      judgeRelease(event, line)
      committed(event, line)
    case .transitionBegin, .transitionFailed: decided(event, by: event.event == .transitionBegin ? 1 : -1)
    case .stageOpened:
      let stage = HistoryStage(profiles: Set(event.profiles ?? []), level: event.level ?? "halted")
      for leave in leaves(event) { inForce.open(stage, leave) }
      concede(event, line)
    case .stageClosed: for leave in leaves(event) { inForce.close(leave) }
    case .stageTripped:
      decided(event, by: -1)
      committed(event, line)
    case .exitsGranted:
      for leave in leaves(event) { inForce.grant(leave) }
      concede(event, line)
    case .exitsWithdrawn: for leave in leaves(event) { inForce.withdraw(leave) }
    }
  }

  // MARK: What a stop in force lets pass

  private func leaves(_ event: HistoryEvent) -> [HistoryLeave] {
    (event.controls ?? []).map { HistoryLeave(control: $0, replica: event.replica) }
  }

  /// A transition that lets something pass is decided as a release is.
  private mutating func concede(_ event: HistoryEvent, _ line: Int) {
    decided(event, by: -1)
    judgeRelease(event, line)
    committed(event, line)
  }

  private mutating func decided(_ event: HistoryEvent, by change: Int) {
    if let expecting = event.expecting { undecided[expecting, default: 0] += change }
  }

  // MARK: P1, invariant H

  private mutating func sealed(_ event: HistoryEvent, _ line: Int) {
    guard let id = event.control else { return }
    guard event.state == "sealed" else {
      stops[id]?.wasAccepted = true
      return
    }
    var stop = stops[id] ?? HistoryStop(event, line)
    stop.sealedLine = line
    stop.durability = event.durability
    stop.replica = event.replica
    report.stops += 1
    stops[id] = stop
    if !stop.isLifted { inForce.add(stop, id) }
    if let bound = runs[event.run]?.bound, event.at - stop.at > bound, !stop.wasAccepted {
      late.append((id, stop, event.at, event.run, bound, line))
    }
  }

  /// A process that stood still says so only when it goes on, which may be after its stop was sealed.
  private mutating func judgeLate() {
    for (id, stop, at, run, bound, line) in late {
      let stoodStill = (runs[run]?.stalls ?? []).contains { $0.begin <= at && $0.end >= stop.at }
      guard !stoodStill else { continue }
      fail(
        "P5", "\(id) took \((at - stop.at) / 1_000_000) ms to seal; the bound is \(bound / 1_000_000) ms",
        [stop.line, line])
    }
  }

  private mutating func lift(_ id: String, _ line: Int) {
    stops[id]?.lifts += 1
    if let stop = stops[id] { inForce.remove(stop, id) }
  }

  private mutating func restore(_ id: String) {
    guard var stop = stops[id] else { return }
    stop.lifts = max(0, stop.lifts - 1)
    stops[id] = stop
    if stop.sealedLine != nil, !stop.isLifted { inForce.add(stop, id) }
  }

  private mutating func judgeStart(_ event: HistoryEvent, _ line: Int) {
    guard let id = inForce.refuses(event), let stop = stops[id] else { return }
    fail(
      "P1",
      "order \(event.order ?? "?") of \(event.tenant ?? "?")/\(event.profile ?? "?") started on \(event.replica) under the sealed stop \(id)",
      [stop.sealedLine ?? stop.line, line])
  }

  // MARK: P2

  private mutating func boot(_ event: HistoryEvent, _ line: Int) {
    report.runs += 1
    replicas.insert(event.replica)
    inForce.forget(event.replica)
    runs[event.run] = HistoryRun(
      bound: event.boundMs.map { $0 * 1_000_000 }, needsApproval: event.approvals ?? true)
  }

  /// A run that opens knows every stop that was acknowledged and not released.
  private mutating func opened(_ event: HistoryEvent, _ line: Int) {
    let known = Set(event.controls ?? [])
    for (id, stop) in stops where stop.sealedLine != nil && !stop.isLifted && !known.contains(id) {
      guard stop.durability == "committed" || (stop.durability == "journaled" && stop.replica == event.replica) else {
        continue
      }
      fail("P2", "\(event.replica) opened without the acknowledged stop \(id)", [stop.sealedLine ?? stop.line, line])
    }
  }

  // MARK: P3, P4, P7

  private mutating func committed(_ event: HistoryEvent, _ line: Int) {
    guard let epoch = event.epoch else { return }
    if let other = epochs[epoch] {
      fail("P3", "two transitions carry epoch \(epoch)", [other, line])
    }
    epochs[epoch] = line
    guard let audit = event.audit else { return }
    audits.append((audit, epoch, line))
  }

  private mutating func judgeRelease(_ event: HistoryEvent, _ line: Int) {
    if let expecting = event.expecting, let epoch = event.epoch, epoch != expecting + 1 {
      fail("P4", "the \(event.decision) at epoch \(epoch) was decided at epoch \(expecting)", [line])
    }
    guard event.breakGlass != true, runs[event.run]?.needsApproval != false else { return }
    guard let by = event.by, let second = event.approvedBy, by != second else {
      fail(
        "P4", "the \(event.decision) at epoch \(event.epoch ?? 0) was decided by \(event.by ?? "nobody") alone", [line])
      return
    }
  }

  private mutating func finish() {
    judgeLate()
    // A run that was killed may have committed what it never wrote down.
    if report.runs <= replicas.count, report.missing == 0 { judgeGaps() }
    let leaves = audits.sorted { $0.audit < $1.audit }
    for (earlier, later) in zip(leaves, leaves.dropFirst()) {
      if earlier.audit == later.audit {
        fail("P7", "two transitions share audit entry \(later.audit)", [earlier.line, later.line])
      } else if later.epoch <= earlier.epoch {
        fail(
          "P7", "audit entry \(later.audit) of epoch \(later.epoch) follows epoch \(earlier.epoch)",
          [earlier.line, later.line])
      }
    }
    report.violations.sort { ($0.property, $0.lines.last ?? 0) < ($1.property, $1.lines.last ?? 0) }
  }

  /// An epoch without a line is a transition nobody made, unless its maker never heard that the store took it: a release or
  /// a stage of one decided just before that epoch, or one stop for each, whose end is not on record.
  private mutating func judgeGaps() {
    var unheard = UInt64(stops.values.count { !$0.isCommitted && $0.isRequested })
    let sorted = epochs.sorted { $0.key < $1.key }
    for (earlier, later) in zip(sorted, sorted.dropFirst()) {
      var epoch = earlier.key + 1
      while epoch < later.key {
        if undecided[epoch - 1, default: 0] <= 0 {
          guard unheard > 0 else { break }
          unheard -= 1
        }
        epoch += 1
      }
      if epoch < later.key {
        fail("P3", "epoch \(epoch) is missing before \(later.key)", [earlier.value, later.value])
      }
    }
  }

  // MARK: P6

  /// An order that only shrinks a position never grows or turns it.
  private mutating func judgeFill(_ event: HistoryEvent, _ line: Int) {
    guard let start = starts[event.order ?? ""], start.isReducing, let change = event.change, let after = event.position
    else { return }
    let before = after - change
    if abs(after) > abs(before) || (before > 0) != (after > 0) && after != 0 {
      fail(
        "P6", "the reducing order \(event.order ?? "?") moved a position from \(before) to \(after)",
        [start.line, line])
    }
  }
}

extension HistoryEvent {
  /// What two people decided, in a word.
  fileprivate var decision: String {
    switch event {
    case .stageOpened: "stage of a release"
    case .exitsGranted: "flattening"
    default: "release"
    }
  }

  /// What happens at the same instant is judged in favour of the product: releases, then orders, then stops.
  fileprivate var rank: Int {
    switch event {
    case .releaseBegin, .stageOpened, .exitsGranted, .boot: 0
    case .stopSealed, .stageClosed, .exitsWithdrawn: 2
    case .opened: 3
    default: 1
    }
  }
}
