/// A turn at the store: one transition is recorded at a time, and stops waiting for it go before releases.
///
/// An actor alone would not do: it is re-entrant at every await, and a commit awaits.
struct Turn {
  /// Resolved when its holder has the turn.
  typealias Ticket = Outcome<Void>

  private var isTaken = false
  private var stops: [Ticket] = []
  private var others: [Ticket] = []

  /// True when the turn was free and is now the caller's; else the caller must queue.
  mutating func takeIfFree() -> Bool {
    guard !isTaken else { return false }
    isTaken = true
    return true
  }

  mutating func queue(isStop: Bool) -> Ticket {
    let ticket = Ticket()
    if isStop { stops.append(ticket) } else { others.append(ticket) }
    return ticket
  }

  /// Stops waiting. False when the ticket has the turn already.
  mutating func withdraw(_ ticket: Ticket) -> Bool {
    guard let index = others.firstIndex(where: { $0 === ticket }) else { return false }
    others.remove(at: index)
    return true
  }

  /// Hands the turn to the next in line.
  mutating func pass() {
    if !stops.isEmpty {
      stops.removeFirst().resolve(())
    } else if !others.isEmpty {
      others.removeFirst().resolve(())
    } else {
      isTaken = false
    }
  }
}
