/// Rule e: something happened on this bar that says "now".
///
/// Either a reclaim (the close was on the wrong side of the trigger EMA within the last bars and is back, on a bar of
/// the right colour), or a candlestick pattern that ends on this bar.
package enum EntryTrigger {
  /// What a profile may set. Bounds stand at each parameter; values within them are all that exists.
  package struct Parameters: Hashable, Sendable {
    /// 2...250
    package private(set) var emaPeriod = 21
    /// 1...20
    package private(set) var reclaimBars = 3
    package private(set) var patterns: PatternSet = .all

    /// The defaults.
    package init() {}

    /// - Throws: naming the first parameter outside the bounds written at it.
    package init(emaPeriod: Int, reclaimBars: Int, patterns: PatternSet) throws(ParameterError) {
      self.emaPeriod = try emaPeriod.checked("trigger.emaPeriod", 2...250)
      self.reclaimBars = try reclaimBars.checked("trigger.reclaimBars", 1...20)
      self.patterns = patterns
    }

    var text: String {
      "trigger(emaPeriod=\(emaPeriod),reclaimBars=\(reclaimBars),patterns=\(patterns.rawValue))"
    }
  }

  /// Patterns that may trigger, each in the direction of the trade.
  package struct PatternSet: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) {
      self.rawValue = rawValue
    }

    /// A body around the body before it, of the other colour.
    package static let engulfing = PatternSet(rawValue: 1)
    /// Hammer for a long, shooting star for a short; only when its tip is in or near the zone of rule c.
    package static let pinBar = PatternSet(rawValue: 2)
    /// Morning star for a long, evening star for a short.
    package static let star = PatternSet(rawValue: 4)
    package static let all: PatternSet = [.engulfing, .pinBar, .star]
  }

  /// Judges `context` in the direction of `findings`; pure.
  package static func evaluate(
    _ context: RuleContext, _ findings: Findings, _ parameters: Parameters
  ) -> RuleResult {
    if let code = context.unreadiness { return .notReady(.entryTrigger, code) }
    guard let direction = findings.direction else { return .skipped(.entryTrigger, .noDirection) }
    guard let bar = context.market.lastBar, let average = context.market.ema(parameters.emaPeriod) else {
      return .notReady(.entryTrigger, .warmUp)
    }
    let isReclaim = isReclaimed(context.market, bar, average, direction, parameters)
    let patterns = context.market.patterns
    let isLong = direction == .long
    let isEngulfing = isLong ? patterns.engulfing > 0 : patterns.engulfing < 0
    let isPinBar = (isLong ? patterns.hammer > 0 : patterns.shootingStar < 0) && isTipNear(bar, findings)
    let isStar = isLong ? patterns.morningStar > 0 : patterns.eveningStar < 0
    let isPattern =
      (isEngulfing && parameters.patterns.contains(.engulfing))
      || (isPinBar && parameters.patterns.contains(.pinBar))
      || (isStar && parameters.patterns.contains(.star))
    let values = RuleValues(
      .init(.triggerEMA, average), .init(.reclaim, isReclaim ? 1 : 0), .init(.engulfing, isEngulfing ? 1 : 0),
      .init(.pinBar, isPinBar ? 1 : 0), .init(.star, isStar ? 1 : 0))
    switch (isReclaim, isPattern) {
    case (true, true): return .pass(.entryTrigger, direction, score: 1, values)
    case (false, true): return .pass(.entryTrigger, direction, score: 0.7, values)
    case (true, false): return .pass(.entryTrigger, direction, score: 0.6, values)
    case (false, false): return .fail(.entryTrigger, .noTrigger, direction, values)
    }
  }

  private static func isReclaimed(
    _ market: SymbolIndicators, _ bar: Bar, _ average: Double, _ direction: Direction, _ parameters: Parameters
  ) -> Bool {
    let sign = direction.sign
    guard (bar.close - average) * sign > 0, (bar.close - bar.open) * sign > 0 else { return false }
    for ago in 1...parameters.reclaimBars {
      guard let before = market.recent.bar(ago: ago), let averageThen = market.ema(parameters.emaPeriod, ago: ago)
      else { return false }
      if (before.close - averageThen) * sign < 0 { return true }
    }
    return false
  }

  private static func isTipNear(_ bar: Bar, _ findings: Findings) -> Bool {
    guard let reading = findings.zone, let zone = reading.zone else { return false }
    let tip = findings.direction == .long ? bar.low : bar.high
    return tip >= zone.low - reading.reach && tip <= zone.high + reading.reach
  }
}
