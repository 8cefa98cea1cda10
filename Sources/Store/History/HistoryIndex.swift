/// A stop as a history tells it.
struct HistoryStop {
  let line: Int
  let at: Int64
  let scope: HistoryScope
  let level: String
  let isRequested: Bool
  var sealedLine: Int?
  var durability: String?
  var replica = ""
  /// Its caller was told in time that it was not sealed yet.
  var wasAccepted = false
  /// Releases of it that began and did not fail. One that failed says nothing about another whose end is unknown.
  var lifts = 0
  /// A release of it committed.
  var isReleased = false
  var isCommitted = false
  var isLifted: Bool { lifts > 0 || isReleased }

  init(_ event: HistoryEvent, _ line: Int) {
    self.line = line
    at = event.at
    scope = HistoryScope(event)
    level = event.level ?? "halted"
    isRequested = event.event == .stopRequested
  }
}

/// One run of a replica's process.
struct HistoryRun {
  let bound: Int64?
  let needsApproval: Bool
  var stalls: [(begin: Int64, end: Int64)] = []
}

/// The names a stop covers; nil covers all.
struct HistoryScope: Hashable {
  var tenant: String?
  var profile: String?
  var venue: String?
  var symbol: String?

  init(_ event: HistoryEvent) {
    tenant = event.tenant
    profile = event.profile
    venue = event.venue
    symbol = event.symbol
  }

  /// The sixteen scopes that cover an order of these names.
  var covering: [HistoryScope] {
    (0..<16).map { bits in
      var scope = self
      if bits & 1 != 0 { scope.tenant = nil }
      if bits & 2 != 0 { scope.profile = nil }
      if bits & 4 != 0 { scope.venue = nil }
      if bits & 8 != 0 { scope.symbol = nil }
      return scope
    }
  }
}

/// What one replica lets pass although a stop is in force: it keeps that in memory, so no other replica does, and it ends
/// with the process.
struct HistoryLeave: Hashable {
  let control: String
  let replica: String
}

/// A stage of a release.
struct HistoryStage {
  let profiles: Set<String>
  let level: String
}

/// The sealed stops in force, found by the names of an order.
struct HistoryIndex {
  private var stops: [HistoryScope: [String: String]] = [:]
  private var stages: [HistoryLeave: HistoryStage] = [:]
  /// Stops whose flattening may pass them.
  private var exits: Set<HistoryLeave> = []

  mutating func add(_ stop: HistoryStop, _ id: String) { stops[stop.scope, default: [:]][id] = stop.level }
  mutating func remove(_ stop: HistoryStop, _ id: String) { stops[stop.scope]?[id] = nil }

  mutating func open(_ stage: HistoryStage, _ leave: HistoryLeave) { stages[leave] = stage }
  mutating func grant(_ leave: HistoryLeave) { exits.insert(leave) }
  mutating func close(_ leave: HistoryLeave) { stages[leave] = nil }
  mutating func withdraw(_ leave: HistoryLeave) { exits.remove(leave) }

  /// A process starts with nothing but what the store says.
  mutating func forget(_ replica: String) {
    stages = stages.filter { $0.key.replica != replica }
    exits = exits.filter { $0.replica != replica }
  }

  /// A stop that refuses this order.
  func refuses(_ order: HistoryEvent) -> String? {
    for scope in HistoryScope(order).covering {
      for (id, level) in stops[scope] ?? [:] where !admits(order, id, level) { return id }
    }
    return nil
  }

  private func admits(_ order: HistoryEvent, _ id: String, _ level: String) -> Bool {
    let leave = HistoryLeave(control: id, replica: order.replica)
    let isReducing = order.reducing == true
    if level == "reduceOnly", isReducing { return true }
    if let stage = stages[leave], stage.profiles.contains("\(order.tenant ?? "")/\(order.profile ?? "")"),
      stage.level == "active" || stage.level == "reduceOnly" && isReducing
    {
      return true
    }
    // Which stops an order of a flattening passed, only its gate says; the venue's word has to do without.
    return isReducing && order.controls?.contains(id) ?? (order.event == .venueTook) && exits.contains(leave)
  }
}
