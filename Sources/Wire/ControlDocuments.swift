/// A stop as asked for: `POST /admin/controls`, `/plan` and the routes spelled for people.
package struct ControlRequest: Codable, Sendable {
  /// `global`, `tenant`, `profile` or `venue`; says again what the names say, so that a forgotten name is not a wider stop.
  package var scope: String?
  package var tenant: String?
  package var profile: String?
  package var venue: String?
  package var symbol: String?
  package var level: String?
  package var cancel: String?
  package var flatten: Bool?
  package var reason: String?
  package var ticket: String?
  package var reviewAfter: String?

  package static let members = [
    "scope", "tenant", "profile", "venue", "symbol", "level", "cancel", "flatten", "reason", "ticket", "reviewAfter",
  ]

  package init() {}
}

/// The proof that a control command took effect.
package struct ReceiptDocument: Codable, Sendable {
  package struct Replica: Codable, Sendable {
    package var id: String
    package var epoch: UInt64
    package var at: String
    package var drained: Int
    package var sealedBy: String
    package var lastOrderOutAt: String?

    package init(id: String, epoch: UInt64, at: String, drained: Int, sealedBy: String, lastOrderOutAt: String?) {
      self.id = id
      self.epoch = epoch
      self.at = at
      self.drained = drained
      self.sealedBy = sealedBy
      self.lastOrderOutAt = lastOrderOutAt
    }
  }

  package struct InDoubt: Codable, Sendable {
    package var order: String
    package var venue: String
    package var since: String

    package init(order: String, venue: String, since: String) {
      self.order = order
      self.venue = venue
      self.since = since
    }
  }

  package struct Cancel: Codable, Sendable {
    package var mode: String
    package var requested: Int
    package var confirmed: Int
    package var pendingMarketOpen: Int
    package var failed: [String]

    package init(mode: String, requested: Int, confirmed: Int, pendingMarketOpen: Int, failed: [String]) {
      self.mode = mode
      self.requested = requested
      self.confirmed = confirmed
      self.pendingMarketOpen = pendingMarketOpen
      self.failed = failed
    }
  }

  /// Closing the scope's positions.
  package struct Flatten: Codable, Sendable {
    /// `waiting` for a second person, `not_asked`, `running` or `ended`.
    package var state: String
    package var approval: String?
    package var positions: Int?
    package var closed: Int?
    package var slices: Int?
    package var notional: MoneyDocument?
    package var note: String?

    package init(state: String, approval: String? = nil, note: String? = nil) {
      self.state = state
      self.approval = approval
      self.note = note
    }
  }

  package struct Exposure: Codable, Sendable {
    package var openOrders: Int
    package var positions: Int
    package var withoutVenueStop: Int

    package init(openOrders: Int, positions: Int, withoutVenueStop: Int) {
      self.openOrders = openOrders
      self.positions = positions
      self.withoutVenueStop = withoutVenueStop
    }
  }

  /// The control imposed; for a release the first of those lifted.
  package var control: String
  package var controls: [String]
  package var scope: String
  package var epoch: UInt64
  package var requestId: String
  /// `sealed`, `settled`, `releasing` or `released`.
  package var state: String
  package var sealedBy: String?
  /// `committed`, `journaled` or `pending`: how durable it was when this was answered.
  package var durability: String
  package var requestedAt: String
  package var closedAt: String?
  package var durableAt: String?
  package var elapsedMs: Double
  package var replicas: [Replica]
  package var inDoubt: [InDoubt]
  package var cancel: Cancel
  package var exposureLeft: Exposure
  package var refusedSince: Int
  package var audit: Int64?
  /// When the last order in doubt had a known outcome.
  package var settledAt: String?
  package var flatten: Flatten?

  package init(
    control: String, controls: [String], scope: String, epoch: UInt64, requestId: String, state: String,
    sealedBy: String?, durability: String, requestedAt: String, closedAt: String?, durableAt: String?,
    elapsedMs: Double, replicas: [Replica], inDoubt: [InDoubt], cancel: Cancel, exposureLeft: Exposure,
    refusedSince: Int, audit: Int64?
  ) {
    self.control = control
    self.controls = controls
    self.scope = scope
    self.epoch = epoch
    self.requestId = requestId
    self.state = state
    self.sealedBy = sealedBy
    self.durability = durability
    self.requestedAt = requestedAt
    self.closedAt = closedAt
    self.durableAt = durableAt
    self.elapsedMs = elapsedMs
    self.replicas = replicas
    self.inDoubt = inDoubt
    self.cancel = cancel
    self.exposureLeft = exposureLeft
    self.refusedSince = refusedSince
    self.audit = audit
  }
}

/// A control document: in force, or with its release.
package struct ControlItem: Codable, Sendable {
  package var id: String
  /// In words, e.g. `tenant orchid`; `global` for everything.
  package var scope: String
  package var tenant: String?
  package var profile: String?
  package var venue: String?
  package var symbol: String?
  package var kind: String
  package var level: String
  package var cancel: String
  package var reason: String
  package var ticket: String?
  package var actor: String
  package var origin: String
  package var createdAt: String
  package var epoch: UInt64
  package var reviewBy: String
  package var requestId: String
  /// `active` or `released`.
  package var status: String
  package var releasedBy: String?
  package var approvedBy: String?
  package var releasedAt: String?
  package var releaseReason: String?
  /// While its release goes through its stages: who is freer already.
  package var relief: String?

  package init(
    id: String, scope: String, tenant: String? = nil, profile: String? = nil, venue: String? = nil,
    symbol: String? = nil, kind: String, level: String, cancel: String, reason: String, ticket: String? = nil,
    actor: String, origin: String, createdAt: String, epoch: UInt64, reviewBy: String, requestId: String,
    status: String, releasedBy: String? = nil, approvedBy: String? = nil, releasedAt: String? = nil,
    releaseReason: String? = nil
  ) {
    self.id = id
    self.scope = scope
    self.tenant = tenant
    self.profile = profile
    self.venue = venue
    self.symbol = symbol
    self.kind = kind
    self.level = level
    self.cancel = cancel
    self.reason = reason
    self.ticket = ticket
    self.actor = actor
    self.origin = origin
    self.createdAt = createdAt
    self.epoch = epoch
    self.reviewBy = reviewBy
    self.requestId = requestId
    self.status = status
    self.releasedBy = releasedBy
    self.approvedBy = approvedBy
    self.releasedAt = releasedAt
    self.releaseReason = releaseReason
  }
}

/// What a scope is subject to, with every cause.
package struct EffectiveDocument: Codable, Sendable {
  package var level: String
  package var isHeld: Bool
  package var epoch: UInt64
  package var causes: [ControlItem]

  package init(level: String, isHeld: Bool, epoch: UInt64, causes: [ControlItem]) {
    self.level = level
    self.isHeld = isHeld
    self.epoch = epoch
    self.causes = causes
  }
}

/// What a stop would reach, counted now; nothing changes.
package struct PlanDocument: Codable, Sendable {
  package var scope: String
  package var level: String
  package var currentLevel: String
  package var tenants: Int
  package var profiles: Int
  package var openEntries: Int
  package var openProtective: Int
  package var positions: Int
  package var withoutVenueStop: Int
  package var notional: MoneyDocument
  package var epoch: UInt64
  package var at: String
  /// Orders of the scope without a known outcome now.
  package var inDoubt: Int?
  /// What the market of each symbol takes now.
  package var markets: [Market]?
  /// Of the orders the stop takes back, those whose market takes cancels now, and those that wait for it to open.
  package var cancels: Int?
  package var cancelsAtOpen: Int?

  package struct Market: Codable, Sendable {
    package var symbol: String
    /// `open`, `closed` or `noCancel`.
    package var state: String
    package var opensAt: String?

    package init(symbol: String, state: String, opensAt: String?) {
      self.symbol = symbol
      self.state = state
      self.opensAt = opensAt
    }
  }

  package init(
    scope: String, level: String, currentLevel: String, tenants: Int, profiles: Int, openEntries: Int,
    openProtective: Int, positions: Int, withoutVenueStop: Int, notional: MoneyDocument, epoch: UInt64, at: String
  ) {
    self.scope = scope
    self.level = level
    self.currentLevel = currentLevel
    self.tenants = tenants
    self.profiles = profiles
    self.openEntries = openEntries
    self.openProtective = openProtective
    self.positions = positions
    self.withoutVenueStop = withoutVenueStop
    self.notional = notional
    self.epoch = epoch
    self.at = at
  }
}

/// A release waiting for, or decided by, a second admin.
package struct ApprovalItem: Codable, Sendable {
  package var id: String
  package var controls: [String]
  package var scopes: [String]
  package var reason: String
  package var requestedBy: String
  package var requestedAt: String
  package var expiresAt: String
  package var epoch: UInt64
  package var status: String
  package var decidedBy: String?
  package var decidedAt: String?
  /// `release` or `flatten`.
  package var kind: String?
  /// What approving is bound to.
  package var digest: String?
  /// How it opens: how long each stage is watched and the share before all; nil at once.
  package var stages: String?

  package init(
    id: String, controls: [String], scopes: [String], reason: String, requestedBy: String, requestedAt: String,
    expiresAt: String, epoch: UInt64, status: String, decidedBy: String? = nil, decidedAt: String? = nil
  ) {
    self.id = id
    self.controls = controls
    self.scopes = scopes
    self.reason = reason
    self.requestedBy = requestedBy
    self.requestedAt = requestedAt
    self.expiresAt = expiresAt
    self.epoch = epoch
    self.status = status
    self.decidedBy = decidedBy
    self.decidedAt = decidedAt
  }
}
