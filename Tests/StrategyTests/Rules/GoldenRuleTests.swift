import ControlModel
import Testing

@testable import Strategy

/// Rules recomputed from TA-Lib's columns, bar by bar over four series: another program's numbers, the definition
/// restated.
@Suite struct `Rules follow their definitions on real bars` {
  /// Columns of the golden file by bar.
  private struct Golden {
    let ema21, ema50, ema200, rsi, atr: [Double?]
    let patterns: [String: [Double?]]

    init(_ symbol: String) throws {
      let table = try Fixture.table("indicators/ta_wiki_\(symbol.lowercased())_d.csv")
      ema21 = try table.numbers("EMA21")
      ema50 = try table.numbers("EMA50")
      ema200 = try table.numbers("EMA200")
      rsi = try table.numbers("RSI14")
      atr = try table.numbers("ATR14")
      let names = ["CDLENGULFING", "CDLHAMMER", "CDLSHOOTINGSTAR", "CDLMORNINGSTAR", "CDLEVENINGSTAR"]
      patterns = Dictionary(uniqueKeysWithValues: try names.map { ($0, try table.numbers($0)) })
    }
  }

  private func visit(
    _ symbol: String,
    _ check: (_ index: Int, _ bars: [Bar], _ golden: Golden, _ context: RuleContext, Decision) throws -> Void
  ) throws {
    let (golden, bars) = (try Golden(symbol), try Fixture.bars(symbol))
    var parameters = Pipeline.Parameters()
    parameters.session = try SessionRule.Parameters(calendar: .continuous)
    parameters.ai = try AIAnalysis.Parameters(mode: .off)
    parameters.allowsShort = true
    var index = BarSeries.warmUpBars - 1
    try Scene.replay(symbol, parameters, isAdjusted: false) { context in
      try check(index, bars, golden, context, Pipeline(parameters).evaluate(context))
      index += 1
      return true
    }
    #expect(index == bars.count)
  }

  @Test(arguments: Fixture.symbols)
  func `TrendBias`(_ symbol: String) throws {
    var verdicts: [Verdict: Int] = [:]
    try visit(symbol) { index, bars, golden, _, decision in
      let (fast, slow) = (try #require(golden.ema50[index]), try #require(golden.ema200[index]))
      let (before, atr) = (try #require(golden.ema50[index - 5]), try #require(golden.atr[index]))
      let close = bars[index].close
      let long = fast > slow && close > slow && fast >= before && fast - slow >= 0.1 * atr
      let short = fast < slow && close < slow && fast <= before && slow - fast >= 0.1 * atr
      let result = decision.results.trendBias
      #expect(result.verdict == (long || short ? .pass : .fail), "bar \(index)")
      #expect(result.direction == (fast > slow ? .long : .short))
      if long || short { #expect(abs(result.score - min(1, abs(fast - slow) / (2 * atr))) < 1e-9) }
      verdicts[result.verdict, default: 0] += 1
    }
    #expect(verdicts.count == 2)
  }

  @Test(arguments: Fixture.symbols)
  func `Momentum`(_ symbol: String) throws {
    var passes = 0
    try visit(symbol) { index, _, golden, _, decision in
      let rsi = try #require(golden.rsi[index])
      let isLong = decision.direction == .long
      let passed = isLong ? 50 < rsi && rsi < 70 : 30 < rsi && rsi < 50
      let result = decision.results.momentum
      #expect((result.verdict == .pass) == passed, "bar \(index)")
      if passed {
        passes += 1
        #expect(abs(result.score - max(0, 1 - abs(rsi - (isLong ? 60 : 40)) / 20)) < 1e-9)
      }
    }
    #expect(passes > 100)
  }

  @Test(arguments: Fixture.symbols)
  func `EntryTrigger`(_ symbol: String) throws {
    var scores: Set<Double> = []
    try visit(symbol) { index, bars, golden, context, decision in
      let isLong = decision.direction == .long
      let sign: Double = isLong ? 1 : -1
      let bar = bars[index]
      func side(_ index: Int) throws -> Double { (bars[index].close - (try #require(golden.ema21[index]))) * sign }
      let wasBehind = try (1...3).contains { try side(index - $0) < 0 }
      let reclaim = try wasBehind && side(index) > 0 && (bar.close - bar.open) * sign > 0
      func pattern(_ name: String) -> Double { (golden.patterns[name]?[index] ?? 0) * sign }
      let zone = ZoneRule.read(context.market, isLong ? .long : .short, ZoneRule.Parameters())
      let tip = isLong ? bar.low : bar.high
      let isNear = zone?.zone.map { tip >= $0.low - (zone?.reach ?? 0) && tip <= $0.high + (zone?.reach ?? 0) } ?? false
      let found =
        pattern("CDLENGULFING") > 0 || pattern(isLong ? "CDLMORNINGSTAR" : "CDLEVENINGSTAR") > 0
        || (pattern(isLong ? "CDLHAMMER" : "CDLSHOOTINGSTAR") > 0 && isNear)
      let result = decision.results.entryTrigger
      let expected = reclaim && found ? 1 : found ? 0.7 : reclaim ? 0.6 : 0
      #expect(result.score == expected, "bar \(index)")
      #expect((result.verdict == .pass) == (expected > 0))
      scores.insert(expected)
    }
    #expect(scores == [0, 0.6, 0.7, 1])
  }

  @Test(arguments: Fixture.symbols)
  func `Zone`(_ symbol: String) throws {
    var codes: Set<RuleCode?> = []
    try visit(symbol) { index, bars, golden, context, decision in
      let (close, atr) = (bars[index].close, try #require(golden.atr[index]))
      let isLong = decision.direction == .long
      let zones = try #require(context.market.zones(.standard)).filter { $0.touches >= 2 }
      // Mirrored prices make the short case the long one.
      let mirrored = zones.map { isLong ? ($0.low, $0.high, $0) : (-$0.high, -$0.low, $0) }
      let price = isLong ? close : -close
      let behind = mirrored.filter { $0.0 <= price }.min { max(0, price - $0.1) < max(0, price - $1.1) }
      let room = mirrored.filter { $0.0 > price }.map { $0.0 - price }.min() ?? .infinity
      let result = decision.results.zone
      let stop = decision.results.riskManagement.values[.stopDistance] ?? 2 * atr
      codes.insert(result.code)
      guard let behind else {
        #expect(result.code == .noZone, "bar \(index)")
        return
      }
      let distance = max(0, price - behind.1)
      #expect(abs((result.values[.distanceATR] ?? .nan) - distance / atr) < 1e-6, "bar \(index)")
      if distance > atr * (1 + 1e-9) {
        #expect(result.code == .farFromZone)
      } else if room < 1.5 * stop * (1 - 0.02) {
        #expect(result.code == .noRoom)
      } else if room > 1.5 * stop * (1 + 0.02) {
        #expect(result.verdict == .pass)
        let expected = (1 - distance / atr) * min(1, (result.values[.weightedTouches] ?? .nan) / 3)
        #expect(abs(result.score - expected) < 1e-6)
      }
    }
    #expect(codes.isSuperset(of: [nil, .farFromZone, .noRoom]))
  }
}
