import ControlModel

/// Controls and scopes to take apart.
enum Sample {
  static let tenants = ["orchid", "heron"].compactMap { TenantID($0) }
  static let profiles = ["scalper-1", "swing-1"].compactMap { ProfileID($0) }
  static let venues = ["paper", "alpaca"].compactMap { VenueID($0) }
  static let symbols = ["AAPL", "IBM"].compactMap { Symbol($0) }
  static let now = WallTime(unixSeconds: 1_795_348_800)

  static func control(
    _ id: String, _ scope: ControlScope = .global, level: ControlLevel = .halted, epoch: UInt64 = 1,
    kind: ControlKind = .halt, cancel: CancelMode = .entries
  ) -> Control {
    Control(
      id: ControlID(id)!,  // test ids are ids
      scope: scope, kind: kind, level: level, cancel: cancel, reason: "sample: because of a test", ticket: nil,
      actor: "ada", origin: .human, createdAt: now, epoch: Epoch(epoch), reviewBy: now.adding(milliseconds: 1_800_000),
      requestID: RequestID(checked: "sample-request"))
  }

  /// Every scope that can be made of two of each name, the empty one included.
  static var scopes: [ControlScope] {
    var scopes: [ControlScope] = []
    for tenant in tenants.map(Optional.some) + [nil] {
      for profile in tenant == nil ? [nil] : profiles.map(Optional.some) + [nil] {
        for venue in venues.map(Optional.some) + [nil] {
          for symbol in symbols.map(Optional.some) + [nil] {
            scopes.append(ControlScope(tenant: tenant, profile: profile, venue: venue, symbol: symbol))
          }
        }
      }
    }
    return scopes
  }

  /// Every order that can be made of them.
  static var orders: [OrderScope] {
    tenants.flatMap { tenant in
      profiles.flatMap { profile in
        venues.flatMap { venue in
          symbols.map { OrderScope(tenant: tenant, profile: profile, venue: venue, symbol: $0) }
        }
      }
    }
  }
}

/// splitmix64, so that a failing set can be made again from its seed.
struct SampleRandom: RandomNumberGenerator {
  private var state: UInt64

  init(_ seed: UInt64) {
    state = seed
  }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
    return z ^ z >> 31
  }
}
