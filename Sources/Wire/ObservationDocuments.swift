/// One alert with its words, live value and who has it.
package struct AlertItem: Codable, Sendable {
  package var fingerprint: String
  package var name: String
  package var severity: String
  package var state: String
  package var summary: String
  package var labels: [String: String]
  package var annotations: [String: String]
  /// Absent when not a number.
  package var value: Double?
  package var valueText: String
  package var expression: String
  package var activeAt: String
  package var firedAt: String?
  package var ageMs: Int64
  package var runbook: String?
  package var control: String?
  package var controlMode: String?
  package var acknowledgedBy: String?
  package var acknowledgedAt: String?
  package var comment: String?
  /// Silences that keep people from hearing of it.
  package var silencedBy: [String]?
  /// Why nobody is told of it now, in words.
  package var muted: String?
  /// Requests that show what it is about.
  package var requests: [String]?

  package init(
    fingerprint: String, name: String, severity: String, state: String, summary: String, labels: [String: String],
    annotations: [String: String], value: Double? = nil, valueText: String, expression: String, activeAt: String,
    firedAt: String? = nil, ageMs: Int64, runbook: String? = nil, control: String? = nil, controlMode: String? = nil,
    acknowledgedBy: String? = nil, acknowledgedAt: String? = nil, comment: String? = nil,
    silencedBy: [String]? = nil, muted: String? = nil, requests: [String]? = nil
  ) {
    self.fingerprint = fingerprint
    self.name = name
    self.severity = severity
    self.state = state
    self.summary = summary
    self.labels = labels
    self.annotations = annotations
    self.value = value
    self.valueText = valueText
    self.expression = expression
    self.activeAt = activeAt
    self.firedAt = firedAt
    self.ageMs = ageMs
    self.runbook = runbook
    self.control = control
    self.controlMode = controlMode
    self.acknowledgedBy = acknowledgedBy
    self.acknowledgedAt = acknowledgedAt
    self.comment = comment
    self.silencedBy = silencedBy
    self.muted = muted
    self.requests = requests
  }
}

/// Taking an alert, or handing it to someone.
package struct AckRequest: Codable, Sendable {
  package var comment: String?
  /// Who is to have it; the caller when absent.
  package var owner: String?

  package static let members = ["comment", "owner"]

  package init(comment: String?, owner: String? = nil) {
    self.comment = comment
    self.owner = owner
  }
}

/// A runbook beside its alert.
package struct RunbookDocument: Codable, Sendable {
  package var alert: String
  package var markdown: String
  package var current: AlertItem?

  package init(alert: String, markdown: String, current: AlertItem? = nil) {
    self.alert = alert
    self.markdown = markdown
    self.current = current
  }
}

/// Everything known about one request, in order of time.
package struct TimelineDocument: Codable, Sendable {
  package var requestId: String
  package var access: AccessItem?
  package var entries: [TimelineEntry]
  /// What may be missing, and why.
  package var note: String?

  package init(requestId: String, access: AccessItem? = nil, entries: [TimelineEntry], note: String? = nil) {
    self.requestId = requestId
    self.access = access
    self.entries = entries
    self.note = note
  }
}

/// The access line of a request.
package struct AccessItem: Codable, Sendable {
  package var at: String
  package var requestId: String
  package var traceId: String?
  package var tenant: String?
  package var actor: String?
  package var role: String?
  package var method: String
  package var path: String
  package var route: String?
  package var status: Int
  package var code: String?
  package var upstream: String?
  package var upstreamMs: Double?
  package var durationMs: Double
  package var bytesIn: Int
  package var bytesOut: Int
  package var peer: String?

  package init(
    at: String, requestId: String, traceId: String? = nil, tenant: String? = nil, actor: String? = nil,
    role: String? = nil, method: String, path: String, route: String? = nil, status: Int, code: String? = nil,
    upstream: String? = nil, upstreamMs: Double? = nil, durationMs: Double, bytesIn: Int, bytesOut: Int,
    peer: String? = nil
  ) {
    self.at = at
    self.requestId = requestId
    self.traceId = traceId
    self.tenant = tenant
    self.actor = actor
    self.role = role
    self.method = method
    self.path = path
    self.route = route
    self.status = status
    self.code = code
    self.upstream = upstream
    self.upstreamMs = upstreamMs
    self.durationMs = durationMs
    self.bytesIn = bytesIn
    self.bytesOut = bytesOut
    self.peer = peer
  }
}

/// One thing that happened for a request.
package struct TimelineEntry: Codable, Sendable {
  package var at: String
  /// `gateway`, `runtime`, `control`, `audit`, …
  package var source: String
  package var event: String
  package var severity: String
  package var body: String
  package var actor: String?
  package var tenant: String?
  package var order: String?
  package var attributes: [String: String]

  package init(
    at: String, source: String, event: String, severity: String, body: String, actor: String? = nil,
    tenant: String? = nil, order: String? = nil, attributes: [String: String]
  ) {
    self.at = at
    self.source = source
    self.event = event
    self.severity = severity
    self.body = body
    self.actor = actor
    self.tenant = tenant
    self.order = order
    self.attributes = attributes
  }
}

/// One audit leaf.
package struct AuditItem: Codable, Sendable {
  package var seq: Int64
  package var at: String
  package var actor: String
  package var actingAs: String?
  package var action: String
  package var object: String
  package var before: String
  package var after: String
  package var requestId: String
  package var reason: String
  package var summary: String
  package var chain: String

  package init(
    seq: Int64, at: String, actor: String, actingAs: String? = nil, action: String, object: String, before: String,
    after: String, requestId: String, reason: String, summary: String, chain: String
  ) {
    self.seq = seq
    self.at = at
    self.actor = actor
    self.actingAs = actingAs
    self.action = action
    self.object = object
    self.before = before
    self.after = after
    self.requestId = requestId
    self.reason = reason
    self.summary = summary
    self.chain = chain
  }
}

/// What verifying the audit log found.
package struct AuditVerdictDocument: Codable, Sendable {
  package var isSound: Bool
  package var verified: Int64
  package var head: String
  /// The Merkle tree head over all entries walked.
  package var root: String
  /// Entries that a signed checkpoint covers.
  package var vouched: Int64
  package var firstBad: Int64?
  package var problem: String?
  package var elapsedMs: Double

  package init(
    isSound: Bool, verified: Int64, head: String, root: String, vouched: Int64, firstBad: Int64? = nil,
    problem: String? = nil, elapsedMs: Double
  ) {
    self.isSound = isSound
    self.verified = verified
    self.head = head
    self.root = root
    self.vouched = vouched
    self.firstBad = firstBad
    self.problem = problem
    self.elapsedMs = elapsedMs
  }
}

/// A proof over the audit log: that an entry is in it, or that it only grew.
package struct AuditProofDocument: Codable, Sendable {
  /// The entry proved, for a proof of inclusion: its canonical JSON.
  package var leaf: String?
  package var seq: Int64?
  /// The smaller size, for a proof of consistency.
  package var from: Int64?
  package var size: Int64
  package var root: String
  /// Hashes in hex, in the order of RFC 6962 §2.1.
  package var proof: [String]
  /// A signed note over `size` entries, when there is one.
  package var checkpoint: String?

  package init(
    leaf: String? = nil, seq: Int64? = nil, from: Int64? = nil, size: Int64, root: String, proof: [String],
    checkpoint: String? = nil
  ) {
    self.leaf = leaf
    self.seq = seq
    self.from = from
    self.size = size
    self.root = root
    self.proof = proof
    self.checkpoint = checkpoint
  }
}

/// Why something is done that asks for nothing else.
package struct ReasonRequest: Codable, Sendable {
  package var reason: String?

  package static let members = ["reason"]

  package init(reason: String?) {
    self.reason = reason
  }
}

/// One gate registered in the control store.
package struct ReplicaItem: Codable, Sendable {
  package var replica: String
  package var run: String
  /// Nothing older than this epoch can leave it.
  package var epoch: UInt64
  /// How often it has renewed its lease.
  package var turn: Int64
  package var renewedAt: String
  package var leaseMs: Int64
  package var isAlone: Bool
  package var lastOrderOutAt: String?
  package var isSelf: Bool

  package init(
    replica: String, run: String, epoch: UInt64, turn: Int64, renewedAt: String, leaseMs: Int64, isAlone: Bool,
    lastOrderOutAt: String?, isSelf: Bool
  ) {
    self.replica = replica
    self.run = run
    self.epoch = epoch
    self.turn = turn
    self.renewedAt = renewedAt
    self.leaseMs = leaseMs
    self.isAlone = isAlone
    self.lastOrderOutAt = lastOrderOutAt
    self.isSelf = isSelf
  }
}

/// What checking a history found.
package struct HistoryDocument: Codable, Sendable {
  package struct Violation: Codable, Sendable {
    package var property: String
    package var sentence: String
    package var lines: [String]

    package init(property: String, sentence: String, lines: [String]) {
      self.property = property
      self.sentence = sentence
      self.lines = lines
    }
  }

  package var isSound: Bool
  package var events: Int
  package var orders: Int
  package var stops: Int
  package var releases: Int
  package var runs: Int
  package var missing: Int64
  package var violations: [Violation]

  package init(
    isSound: Bool, events: Int, orders: Int, stops: Int, releases: Int, runs: Int, missing: Int64,
    violations: [Violation]
  ) {
    self.isSound = isSound
    self.events = events
    self.orders = orders
    self.stops = stops
    self.releases = releases
    self.runs = runs
    self.missing = missing
    self.violations = violations
  }
}

/// One log record.
package struct LogItem: Codable, Sendable {
  package var at: String
  package var severity: String
  package var event: String
  package var component: String
  package var body: String?
  package var requestId: String?
  package var tenant: String?
  package var actor: String?
  package var status: Int?
  package var method: String?
  package var path: String?
  package var attributes: [String: String]

  package init(
    at: String, severity: String, event: String, component: String, body: String? = nil, requestId: String? = nil,
    tenant: String? = nil, actor: String? = nil, status: Int? = nil, method: String? = nil, path: String? = nil,
    attributes: [String: String]
  ) {
    self.at = at
    self.severity = severity
    self.event = event
    self.component = component
    self.body = body
    self.requestId = requestId
    self.tenant = tenant
    self.actor = actor
    self.status = status
    self.method = method
    self.path = path
    self.attributes = attributes
  }
}
