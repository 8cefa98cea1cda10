import ControlModel
import Identity

/// What is done about an answer that holds another tenant's data.
package enum GuardMode: String, CaseIterable, Sendable {
  /// Nobody looks.
  case off
  /// Looked at while it passes: counted and logged, never held or changed.
  case observe
  /// Held until it has been looked at, and refused when it is another tenant's.
  case enforce
}

/// How tenants are kept apart on the request path: what names a tenant in a body, and how much is held to look at it.
package struct IsolationPolicy: Sendable, Equatable {
  /// Members of answers whose values are the tenant the data belongs to.
  package var answerKeys: TenantKeys
  /// Names by which a request says which tenant it means: path parameters, query parameters, top-level members.
  package var requestKeys = TenantKeys(known: ["tenantId", "tenant_id", "tenant"])
  /// Content held in front of a client before the head is released: what fits is refused cleanly.
  package var holdBytesMax = 64 * 1024
  /// Longest answer of a route on which a leak got past `holdBytesMax`: such answers are held whole for a while.
  package var trippedBytesMax = 4 * 1024 * 1024
  /// How long such a route stays so after its last leak.
  package var tripDuration: Duration = .seconds(600)

  /// The values of the label `kind` of `breakwater_tenant_isolation_violations_total`.
  static let violationKinds = [
    "leak_key", "leak_canary", "leak_header", "unreadable", "mismatch_query", "mismatch_path", "mismatch_body",
  ]

  package init(answerKeys: TenantKeys = TenantKeys(known: TenantKeys.answerDefaults)) {
    self.answerKeys = answerKeys
  }
}

extension Route {
  /// What is done about other tenants' data in an answer to this caller: on a route declared to hold several tenants'
  /// data, staff may see it and a tenant's user still may not.
  func guardMode(for caller: Principal?) -> GuardMode {
    guard guardMode != .off, let caller else { return .off }
    return isMultiTenant && !caller.isConfined ? .off : guardMode
  }
}

/// Member names that mean "the value is a tenant", compared without case.
package struct TenantKeys: Sendable, Equatable {
  package static let answerDefaults = ["tenantId", "tenant_id", "tid"]
  package static let namesMax = 16
  /// A shorter name would be found everywhere.
  package static let nameBytesMin = 2
  package static let nameBytesMax = 63

  package let names: [String]
  /// Each name with bit 0x20 set in every byte; names hold `[A-Za-z0-9._-]`, on which that folds case and nothing else
  /// that a JSON string or a query may hold unescaped.
  let folded: [[UInt8]]
  /// Bit n: a name has n bytes.
  private let lengths: UInt64
  /// Bit n: a name begins with a byte whose low five bits are n.
  private let firsts: UInt32

  /// Nil unless there are 1–`namesMax` names of `nameBytesMin`–`nameBytesMax` bytes of `[A-Za-z0-9._-]`.
  package init?(_ names: [String]) {
    guard (1...Self.namesMax).contains(names.count),
      names.allSatisfy({
        (Self.nameBytesMin...Self.nameBytesMax).contains($0.utf8.count) && $0.utf8.allSatisfy(IDAlphabet.contains)
      })
    else { return nil }
    self.init(known: names)
  }

  init(known names: [String]) {
    self.names = names
    folded = names.map { $0.utf8.map { $0 | 0x20 } }
    lengths = names.reduce(0) { $0 | 1 << UInt64($1.utf8.count) }
    firsts = folded.reduce(0) { $0 | 1 << UInt32($1[0] & 0x1f) }
  }

  /// Whether a name may be spelled in `bytes[start..<end]`: cheap, and rarely wrong.
  @inline(__always)
  func mayHold(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
    let length = end - start
    return length < 64 && lengths >> UInt64(length) & 1 != 0 && length > 0
      && firsts >> UInt32(bytes[start] & 0x1f) & 1 != 0
  }

  /// Which name `bytes[start..<end]` spells.
  func index(of bytes: Span<UInt8>, _ start: Int, _ end: Int) -> Int? {
    guard mayHold(bytes, start, end) else { return nil }
    return folded.firstIndex { name in
      guard name.count == end - start else { return false }
      for offset in name.indices where bytes[start + offset] | 0x20 != name[offset] { return false }
      return true
    }
  }
}

/// Another tenant's mark where only the caller's own may be.
struct TenantFinding: Equatable {
  enum Kind: String, CaseIterable {
    /// A member that names a tenant names another.
    case key
    /// A planted canary of another tenant.
    case canary
    /// A header field of the answer names another tenant.
    case header
    /// What cannot be judged: malformed, too deep, too long, or encoded.
    case unreadable
  }

  let kind: Kind
  /// Where, e.g. `$.items[].owner.tenantId`; for `unreadable`, why.
  let place: String
  /// The other tenant, where what was found can be a tenant's name.
  var other: TenantID?
}

extension TenantFinding {
  init(_ kind: Kind, _ place: String, found: some Sequence<UInt8>) {
    self.init(kind: kind, place: place, other: TenantID(String(decoding: Array(found), as: UTF8.self)))
  }
}
