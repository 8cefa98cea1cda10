/// Long while the fast EMA is above the slow one and RSI is strong but not exhausted, short in the mirror image; out
/// on the opposite cross or at a stop some ATR away. The strategy whose trade lists an independent engine wrote.
package struct EMACross: BacktestStrategy {
  /// Periods in bars, RSI band for a long (mirrored around 50 for a short), stop distance in ATR14, size in units.
  package struct Parameters: Equatable, Sendable {
    package let fast: Int
    package let slow: Int
    package let lower: Double
    package let upper: Double
    package let stopATR: Double
    /// Units of every entry.
    package let size: Double

    /// - Throws: naming the parameter that is out of bounds.
    package init(
      fast: Int = 50, slow: Int = 200, lower: Double = 50, upper: Double = 70, stopATR: Double = 2, size: Double
    ) throws(ParameterError) {
      self.slow = try slow.checked("cross.slow", 2...1_000)
      self.fast = try fast.checked("cross.fast", 1...slow - 1)
      self.lower = try lower.checked("cross.lower", 0...100)
      self.upper = try upper.checked("cross.upper", lower...100)
      self.stopATR = try stopATR.checked("cross.stopATR", 0.1...20)
      guard size > 0, size <= 1e9 else { throw ParameterError("cross.size", "must be above 0, at most 1e9") }
      self.size = size
    }
  }

  private let parameters: Parameters
  private var fast: EMA
  private var slow: EMA
  private var rsi = RSI(14)
  private var atr = ATR(14)

  init(_ parameters: Parameters) {
    self.parameters = parameters
    fast = EMA(parameters.fast)
    slow = EMA(parameters.slow)
  }

  mutating func decide(_ bar: Bar, _ holding: BacktestHolding?, equity: Double) -> BacktestOrder? {
    let (fastBefore, slowBefore) = (fast.value, slow.value)
    fast.update(bar.close)
    slow.update(bar.close)
    rsi.update(close: bar.close)
    atr.update(bar)
    guard let fastBefore, let slowBefore, let fast = fast.value, let slow = slow.value else { return nil }
    if let holding {
      let crossedUp = fastBefore <= slowBefore && fast > slow
      let crossedDown = fastBefore >= slowBefore && fast < slow
      return (holding.direction == .long ? crossedDown : crossedUp) ? .close : nil
    }
    guard let strength = rsi.value, let atr = atr.value else { return nil }
    let distance = parameters.stopATR * atr
    if fast > slow, parameters.lower < strength, strength < parameters.upper, bar.close > fast {
      return .enter(.long, size: parameters.size, stop: bar.close - distance, takeProfit: nil)
    }
    if fast < slow, 100 - parameters.upper < strength, strength < 100 - parameters.lower, bar.close < fast {
      return .enter(.short, size: parameters.size, stop: bar.close + distance, takeProfit: nil)
    }
    return nil
  }
}
