/// Which averages, oscillators and zones must be kept for a symbol: what the profiles that trade it read.
package struct IndicatorSelection: Hashable, Sendable {
  package private(set) var emaPeriods: [Int] = []
  package private(set) var rsiPeriods: [Int] = []
  package private(set) var zoneShapes: [ZoneShape] = []

  /// Distinct settings of one kind a symbol can carry. Every one costs every bar of the symbol, whoever asked for it.
  package static let perKindMax = 8
  /// How far back a value of an average can be read, in bars.
  package static let lookbackBarsMax = 63

  /// - Throws: for a period outside 1...1,000 or more than `perKindMax` settings of one kind. Repeated settings count
  /// once.
  package init(emaPeriods: [Int], rsiPeriods: [Int], zoneShapes: [ZoneShape]) throws(ParameterError) {
    self.init(checkedEMA: emaPeriods, rsi: rsiPeriods, zones: zoneShapes)
    for period in self.emaPeriods { _ = try period.checked("emaPeriods", 1...BarSeries.warmUpBars) }
    for period in self.rsiPeriods { _ = try period.checked("rsiPeriods", 1...BarSeries.warmUpBars) }
    _ = try self.emaPeriods.count.checked("emaPeriods.count", 0...Self.perKindMax)
    _ = try self.rsiPeriods.count.checked("rsiPeriods.count", 0...Self.perKindMax)
    _ = try self.zoneShapes.count.checked("zoneShapes.count", 0...Self.perKindMax)
  }

  /// For numbers whose bounds a rule's parameters already checked.
  init(checkedEMA emaPeriods: [Int], rsi rsiPeriods: [Int], zones zoneShapes: [ZoneShape]) {
    for period in emaPeriods { insert(period, into: \.emaPeriods) }
    for period in rsiPeriods { insert(period, into: \.rsiPeriods) }
    for shape in zoneShapes { insert(shape, into: \.zoneShapes) }
  }

  /// Both selections together. Throws when the symbol would carry more than `perKindMax` settings of one kind.
  package func union(_ other: IndicatorSelection) throws(ParameterError) -> IndicatorSelection {
    try IndicatorSelection(
      emaPeriods: emaPeriods + other.emaPeriods, rsiPeriods: rsiPeriods + other.rsiPeriods,
      zoneShapes: zoneShapes + other.zoneShapes)
  }

  private mutating func insert<T: Equatable>(_ item: T, into list: WritableKeyPath<Self, [T]>) {
    if !self[keyPath: list].contains(item) { self[keyPath: list].append(item) }
  }
}
