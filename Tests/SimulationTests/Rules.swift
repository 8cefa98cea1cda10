import Testing

/// The rules of the protocol, each of which a mutant goes without. All on is the product.
struct Rules: Sendable {
  /// A gate acknowledges when every order that entered before has left.
  var drains = true
  /// An order is written inside its section.
  var writesInside = true
  /// A state is taken over only when its epoch is higher.
  var comparesEpochs = true
  /// A stop waits for acknowledgements or leases.
  var waits = true
  /// A start is held until it is registered and knows the state.
  var startsHeld = true
  /// A release is committed only at the epoch it was decided at.
  var fencesReleases = true
  /// A stop adds a margin for clocks that differ.
  var addsMargin = true
  /// The venue refuses an order after the lease it was entered under.
  var venueHonoursExpiry = true
  /// A new run under an old name does not speak for the earlier one.
  var mindsEarlierRuns = true
  /// A run that took over the name of a stop's replica is waited for like any other gate.
  var mindsLaterRuns = true

  struct Mutant: Sendable, CustomTestStringConvertible {
    let name: String
    let change: @Sendable (inout Rules) -> Void
    var rules: Rules {
      var rules = Rules()
      change(&rules)
      return rules
    }
    var testDescription: String { name }
  }

  static let mutants = [
    Mutant(name: "no drain") { $0.drains = false },
    Mutant(name: "write outside the section") { $0.writesInside = false },
    Mutant(name: "no epoch") { $0.comparesEpochs = false },
    Mutant(name: "no lease wait") { $0.waits = false },
    Mutant(name: "boot from cache") { $0.startsHeld = false },
    Mutant(name: "stale release") { $0.fencesReleases = false },
    Mutant(name: "no skew margin") { $0.addsMargin = false },
    Mutant(name: "no venue expiry") { $0.venueHonoursExpiry = false },
    Mutant(name: "a new run speaks for the old") { $0.mindsEarlierRuns = false },
    Mutant(name: "an old run speaks for the new") { $0.mindsLaterRuns = false },
  ]
}
