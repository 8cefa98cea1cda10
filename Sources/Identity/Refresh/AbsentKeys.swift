/// Remembers which `kid`s a fetch did not bring, so that asking for one again and again does not fetch again and again.
/// Bounded: the one asked for longest ago is forgotten first.
struct AbsentKeys {
  private struct Absence {
    var pauseIndex: Int
    var until: Duration
    var order: UInt64
  }

  private let pauses: [Duration]
  private let countMax: Int
  private var absences: [String: Absence] = [:]
  /// Every recording in time order; an absence is where its own `order` says, earlier mentions are stale.
  private var log: [(id: String, order: UInt64)] = []
  private var nextOrder: UInt64 = 0

  init(pauses: [Duration], countMax: Int) {
    precondition(!pauses.isEmpty, "Absent keys need at least one pause")
    self.pauses = pauses
    self.countMax = countMax
  }

  var count: Int { absences.count }

  /// Whether a fetch for `id` would be too soon.
  func isPaused(_ id: String, at now: Duration) -> Bool {
    absences[id].map { now < $0.until } ?? false
  }

  mutating func record(_ id: String, at now: Duration) {
    let pauseIndex = absences[id].map { min($0.pauseIndex + 1, pauses.count - 1) } ?? 0
    absences[id] = Absence(pauseIndex: pauseIndex, until: now + pauses[pauseIndex], order: nextOrder)
    log.append((id, nextOrder))
    nextOrder += 1
    if absences.count > countMax { forgetOldest() }
    if log.count > 2 * countMax { log.removeAll { absences[$0.id]?.order != $0.order } }
  }

  mutating func removeAll() {
    absences.removeAll()
    log.removeAll()
  }

  private mutating func forgetOldest() {
    guard let oldest = log.firstIndex(where: { absences[$0.id]?.order == $0.order }) else { return }
    absences[log[oldest].id] = nil
    log.removeFirst(oldest + 1)
  }
}
