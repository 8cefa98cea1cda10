/// Rule a: trade only with the trend, and set the direction for the rules that follow.
///
/// Long passes when the fast EMA is above the slow one by `separationMinATR`, the close is above the slow one, and
/// the fast one has not fallen over the last `slopeBars`. Short is the mirror image.
package enum TrendBias {
  /// What a profile may set. Bounds stand at each parameter; values within them are all that exists.
  package struct Parameters: Hashable, Sendable {
    /// 2...249, below `slow`.
    package private(set) var fast = 50
    /// 3...250: a longer average would still remember its seed after the warm-up.
    package private(set) var slow = 200
    /// 1...50
    package private(set) var slopeBars = 5
    /// 0...5
    package private(set) var separationMinATR = 0.1

    /// The defaults.
    package init() {}

    /// - Throws: naming the first parameter outside the bounds written at it.
    package init(fast: Int, slow: Int, slopeBars: Int, separationMinATR: Double) throws(ParameterError) {
      self.slow = try slow.checked("trend.slow", 3...250)
      self.fast = try fast.checked("trend.fast", 2...slow - 1)
      self.slopeBars = try slopeBars.checked("trend.slopeBars", 1...50)
      self.separationMinATR = try separationMinATR.checked("trend.separationMinATR", 0...5)
    }

    var text: String {
      "trend(fast=\(fast),slow=\(slow),slopeBars=\(slopeBars),separationMinATR=\(separationMinATR))"
    }
  }

  /// Judges `context`; pure.
  package static func evaluate(_ context: RuleContext, _ parameters: Parameters) -> RuleResult {
    if let code = context.unreadiness { return .notReady(.trendBias, code) }
    guard let fast = context.market.ema(parameters.fast), let slow = context.market.ema(parameters.slow),
      let fastBefore = context.market.ema(parameters.fast, ago: parameters.slopeBars), let atr = context.market.atr,
      let close = context.market.lastBar?.close
    else { return .notReady(.trendBias, .warmUp) }
    guard fast != slow, atr > 0 else { return .fail(.trendBias, .noTrend) }

    let direction: Direction = fast > slow ? .long : .short
    let separation = abs(fast - slow) / atr
    let values = RuleValues(
      .init(.close, close), .init(.fastEMA, fast), .init(.slowEMA, slow), .init(.fastEMABefore, fastBefore),
      .init(.separationATR, separation))
    let isBeyondSlow = (close - slow) * direction.sign > 0
    let isSloped = (fast - fastBefore) * direction.sign >= 0
    guard isBeyondSlow, isSloped, separation >= parameters.separationMinATR else {
      return .fail(.trendBias, .noTrend, direction, values)
    }
    return .pass(.trendBias, direction, score: separation / 2, values)
  }
}
