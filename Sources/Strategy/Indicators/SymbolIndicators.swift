package import ControlModel

/// Everything the rules read about one symbol in one timeframe, updated once per closed bar for all profiles.
///
/// Recomputing 300 bars for each of 10,000 profile-symbol pairs would take 19 ms a pass; sharing costs one update per
/// symbol. Memory is constant: 64 bars, 64 values per average and the turning points of the zone window.
package struct SymbolIndicators: Sendable {
  package let symbol: Symbol
  package let timeframe: Timeframe
  package let selection: IndicatorSelection
  /// Closed bars seen so far.
  package private(set) var barCount = 0
  /// The newest bars, enough for every look-back of a rule.
  package private(set) var recent = BarSeries(capacity: IndicatorSelection.lookbackBarsMax + 1)
  package private(set) var lastBar: Bar?
  private var atrState = ATR(14)
  private var candlesticks = Candlesticks()
  private var averages: [AverageHistory]
  private var strengths: [RSI]
  private var zoneMaps: [ZoneMap]

  /// Knows no bar yet; feed at least `BarSeries.warmUpBars` before a decision may rest on it.
  package init(symbol: Symbol, timeframe: Timeframe, selection: IndicatorSelection) {
    self.symbol = symbol
    self.timeframe = timeframe
    self.selection = selection
    averages = selection.emaPeriods.map(AverageHistory.init)
    strengths = selection.rsiPeriods.map { RSI($0) }
    zoneMaps = selection.zoneShapes.map(ZoneMap.init)
  }

  /// Takes in the next closed bar. Throws `.notAscending`, and then nothing changed.
  package mutating func update(_ bar: Bar) throws(BarProblem) {
    try advance(bar)
    mergeZones()
  }

  /// `update` but for the zones, which stay those of an earlier bar until `mergeZones`, the dearest part.
  mutating func advance(_ bar: Bar) throws(BarProblem) {
    try recent.append(bar)
    atrState.update(bar)
    candlesticks.update(bar)
    for index in averages.indices { averages[index].update(bar.close) }
    for index in strengths.indices { strengths[index].update(close: bar.close) }
    for index in zoneMaps.indices { zoneMaps[index].advance(recent, index: barCount) }
    barCount += 1
    lastBar = bar
  }

  /// Brings the zones up to the newest bar.
  mutating func mergeZones() {
    for index in zoneMaps.indices { zoneMaps[index].merge(index: barCount - 1, atr: atrState.value ?? 0) }
  }

  /// Enough bars were seen for a decision; see `BarSeries.warmUpBars`.
  package var isWarm: Bool { barCount >= BarSeries.warmUpBars }
  /// When the newest bar ended.
  package var lastBarEnd: WallTime? { lastBar?.start.adding(milliseconds: timeframe.seconds * 1000) }
  /// ATR14, in price units.
  package var atr: Double? { atrState.value }
  package var patterns: Candlesticks.Patterns { candlesticks.value }

  /// The EMA of closes as it was `ago` bars before the newest; nil when not selected, not warm or too long ago.
  package func ema(_ period: Int, ago: Int = 0) -> Double? {
    // By index: iterating would copy each element, and with it count two references up and down.
    for index in averages.indices where averages[index].ema.period == period {
      return averages[index].history.value(ago: ago)
    }
    return nil
  }

  /// The RSI of that period; nil when it is not selected.
  package func rsi(_ period: Int) -> RSI? {
    for strength in strengths where strength.period == period { return strength }
    return nil
  }

  /// The zones of that shape, ascending; nil when it is not selected.
  package func zones(_ shape: ZoneShape) -> [Zone]? {
    for map in zoneMaps where map.shape == shape { return map.zones }
    return nil
  }
}

/// An average with its newest values.
private struct AverageHistory: Sendable {
  private(set) var ema: EMA
  private(set) var history = SlidingWindow(capacity: IndicatorSelection.lookbackBarsMax + 1)

  init(_ period: Int) {
    ema = EMA(period)
  }

  mutating func update(_ close: Double) {
    ema.update(close)
    if let value = ema.value { _ = history.push(value) }
  }
}
