/// Up to six named numbers a rule looked at, held inline: ten thousand decisions a pass must not allocate for an
/// explanation nobody may read.
package struct RuleValues: Equatable, Sendable {
  /// One number with its meaning.
  package struct Entry: Equatable, Sendable {
    package let name: Name
    package let value: Double

    init(_ name: Name, _ value: Double) {
      self.name = name
      self.value = value
    }
  }

  /// What a number is. Distances ending in ATR are multiples of ATR14.
  package enum Name: String, CaseIterable, Sendable {
    case close, fastEMA, slowEMA, fastEMABefore, separationATR
    case minutesSinceOpen, minutesToClose
    case zoneLow, zoneHigh, distanceATR, roomATR, touches, weightedTouches
    case rsi, lower, upper
    case triggerEMA, reclaim, engulfing, pinBar, star
    case entry, stop, stopDistance, takeProfit, quantity, atrPercent
    case aiScore, aiConfidence, ageSeconds
  }

  private let slots: (Entry?, Entry?, Entry?, Entry?, Entry?, Entry?)

  init(
    _ a: Entry? = nil, _ b: Entry? = nil, _ c: Entry? = nil, _ d: Entry? = nil, _ e: Entry? = nil, _ f: Entry? = nil
  ) {
    slots = (a, b, c, d, e, f)
  }

  /// In the order the rule gave them.
  package var entries: [Entry] {
    [slots.0, slots.1, slots.2, slots.3, slots.4, slots.5].compactMap(\.self)
  }

  package subscript(name: Name) -> Double? { entries.first { $0.name == name }?.value }

  package static func == (a: Self, b: Self) -> Bool { a.entries == b.entries }
}
