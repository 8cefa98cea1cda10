/// Which orders a control covers: every named part must match, and no part at all means everything (`global`).
package struct ControlScope: Hashable, Sendable {
  package var tenant: TenantID?
  package var profile: ProfileID?
  package var venue: VenueID?
  package var symbol: Symbol?

  package static let global = ControlScope()

  /// Precondition: a profile is named together with its tenant, because profile ids are unique only within one.
  package init(tenant: TenantID? = nil, profile: ProfileID? = nil, venue: VenueID? = nil, symbol: Symbol? = nil) {
    precondition(profile == nil || tenant != nil, "a profile is named without its tenant")
    self.tenant = tenant
    self.profile = profile
    self.venue = venue
    self.symbol = symbol
  }

  package var isGlobal: Bool { self == .global }

  package func covers(_ order: OrderScope) -> Bool {
    (tenant == nil || tenant == order.tenant) && (profile == nil || profile == order.profile)
      && (venue == nil || venue == order.venue) && (symbol == nil || symbol == order.symbol)
  }

  /// Whether this scope is as wide as `other`, or wider: it covers every order the other covers.
  package func contains(_ other: ControlScope) -> Bool {
    (tenant == nil || tenant == other.tenant) && (profile == nil || profile == other.profile)
      && (venue == nil || venue == other.venue) && (symbol == nil || symbol == other.symbol)
  }

  /// Whether some order can be covered by both.
  package func meets(_ other: ControlScope) -> Bool {
    func agree<Name: Equatable>(_ a: Name?, _ b: Name?) -> Bool { a == nil || b == nil || a == b }
    return agree(tenant, other.tenant) && agree(profile, other.profile) && agree(venue, other.venue)
      && agree(symbol, other.symbol)
  }

  /// Whether every order this scope covers is one of `tenant` (and of `profile`, when named).
  package func lies(withinTenant tenant: TenantID, profile: ProfileID? = nil) -> Bool {
    self.tenant == tenant && (profile == nil || self.profile == profile)
  }

  /// `global`, or the named parts in a fixed order: `tenant orchid, profile scalper-2, venue paper`.
  package var summary: String {
    let parts = [
      tenant.map { "tenant \($0)" }, profile.map { "profile \($0)" }, venue.map { "venue \($0)" },
      symbol.map { "symbol \($0)" },
    ]
    let named = parts.compactMap(\.self)
    return named.isEmpty ? "global" : named.joined(separator: ", ")
  }
}

/// Where one order belongs: the four names a control can match.
package struct OrderScope: Hashable, Sendable {
  package let tenant: TenantID
  package let profile: ProfileID
  package let venue: VenueID
  package let symbol: Symbol

  package init(tenant: TenantID, profile: ProfileID, venue: VenueID, symbol: Symbol) {
    self.tenant = tenant
    self.profile = profile
    self.venue = venue
    self.symbol = symbol
  }

  package var profileKey: ProfileKey { ProfileKey(tenant: tenant, profile: profile) }
}
