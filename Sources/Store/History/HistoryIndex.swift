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

/// The sealed stops in force, found by the names of an order.
struct HistoryIndex {
  private var stops: [HistoryScope: [String: String]] = [:]

  mutating func add(_ stop: HistoryStop, _ id: String) { stops[stop.scope, default: [:]][id] = stop.level }
  mutating func remove(_ stop: HistoryStop, _ id: String) { stops[stop.scope]?[id] = nil }

  /// A stop that refuses this order.
  func refuses(_ order: HistoryEvent) -> String? {
    for scope in HistoryScope(order).covering {
      for (id, level) in stops[scope] ?? [:] where level == "halted" || order.reducing != true { return id }
    }
    return nil
  }
}
