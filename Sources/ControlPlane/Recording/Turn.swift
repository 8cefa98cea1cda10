/// A turn at the store: one transition is recorded at a time, and stops waiting for it go before releases.
///
/// An actor alone would not do: it is re-entrant at every await, and a commit awaits.
struct Turn {
  private var isTaken = false
  private var stops: [CheckedContinuation<Void, Never>] = []
  private var others: [CheckedContinuation<Void, Never>] = []

  /// True when the turn was free and is now the caller's; else the caller must queue.
  mutating func takeIfFree() -> Bool {
    guard !isTaken else { return false }
    isTaken = true
    return true
  }

  mutating func queue(_ continuation: CheckedContinuation<Void, Never>, isStop: Bool) {
    if isStop { stops.append(continuation) } else { others.append(continuation) }
  }

  /// Hands the turn to the next in line.
  mutating func pass() {
    if !stops.isEmpty {
      stops.removeFirst().resume()
    } else if !others.isEmpty {
      others.removeFirst().resume()
    } else {
      isTaken = false
    }
  }
}
