package import ControlModel
package import Strategy

/// Recorded bars played at a steady rate: forwards, then backwards, and so on, so that prices never jump and time never
/// goes back. Dates past the end of the recording count on day by day.
package struct RecordedMarket: MarketData {
  private let series: [(symbol: Symbol, bars: [Bar])]
  private let barsPerMinute: Double
  private let length: Int
  /// Bars played since the warm-up ended.
  private var played: Int
  private var lastTime: WallTime?
  private var credit = 0.0

  /// Bars handed out by one call at most: a process that was suspended does not race through what it missed.
  private static let stepsMax = 50
  /// More than a century of bars at the highest rate plays; a larger mark was not written by us.
  private static let playedMax = 1 << 42
  /// History given for warm-up: an average over 250 bars has forgotten its seed after these.
  private static let historyBars = 2 * BarSeries.warmUpBars

  /// Split-adjusted series. `position` is the mark of an earlier run, or nil to begin after the warm-up.
  ///
  /// Returns nil unless every series is longer than the warm-up by two bars.
  package init?(_ series: [Symbol: [Bar]], barsPerMinute: Double, from position: String? = nil) {
    guard let shortest = series.values.map(\.count).min(), shortest > BarSeries.warmUpBars + 2, barsPerMinute > 0 else {
      return nil
    }
    self.series = series.sorted { $0.key < $1.key }.map { (symbol: $0.key, bars: Array($0.value.suffix(shortest))) }
    self.barsPerMinute = barsPerMinute
    length = shortest
    played = position.flatMap { Int($0) }.flatMap { (0...Self.playedMax).contains($0) ? $0 : nil } ?? 0
  }

  package var symbols: [Symbol] { series.map(\.symbol) }
  package var position: String { String(played) }

  package func history(of symbol: Symbol) -> [Bar] {
    guard let bars = series.first(where: { $0.symbol == symbol })?.bars else { return [] }
    guard played > Self.historyBars else {
      return bars[..<BarSeries.warmUpBars] + (0..<played).map { bar($0, of: bars) }
    }
    return (played - Self.historyBars..<played).map { bar($0, of: bars) }
  }

  package mutating func next(at now: WallTime) -> [MarketBar] {
    defer { lastTime = now }
    guard let lastTime else { return [] }
    credit += Double(max(0, now.unixMilliseconds - lastTime.unixMilliseconds)) / 60_000 * barsPerMinute
    let due = min(Int(credit), Self.stepsMax)
    credit = min(credit - Double(due), 1)
    var bars: [MarketBar] = []
    for _ in 0..<due {
      for (symbol, recorded) in series { bars.append(MarketBar(symbol: symbol, bar: bar(played, of: recorded))) }
      played += 1
    }
    return bars
  }

  /// The bar played at `step`. Backwards, a bar opens where it closed.
  private func bar(_ step: Int, of bars: [Bar]) -> Bar {
    let forward = length - BarSeries.warmUpBars
    guard step >= forward else { return bars[BarSeries.warmUpBars + step] }
    let phase = step % (2 * forward - 2)
    let isBackward = phase >= forward
    let source = bars[BarSeries.warmUpBars + (isBackward ? 2 * forward - 2 - phase : phase)]
    let start = bars[length - 1].start.adding(milliseconds: Int64(step - forward + 1) * 86_400_000)
    let (open, close) = isBackward ? (source.close, source.open) : (source.open, source.close)
    // The same numbers were a valid bar before.
    return (try? Bar(start: start, open: open, high: source.high, low: source.low, close: close, volume: source.volume))
      ?? source
  }
}
