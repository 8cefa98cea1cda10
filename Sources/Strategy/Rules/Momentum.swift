/// Rule d: strength in the direction of the trade, but not exhausted.
package enum Momentum {
  /// What a profile may set. Bounds stand at each parameter; values within them are all that exists.
  package struct Parameters: Hashable, Sendable {
    /// 2...100
    package private(set) var period = 14
    /// 0..<upper; for a long. A short uses the band mirrored around 50.
    package private(set) var lower = 50.0
    /// lower...100
    package private(set) var upper = 70.0

    /// The defaults.
    package init() {}

    /// - Throws: naming the first parameter outside the bounds written at it.
    package init(period: Int, lower: Double, upper: Double) throws(ParameterError) {
      self.period = try period.checked("momentum.period", 2...100)
      self.lower = try lower.checked("momentum.lower", 0...100)
      self.upper = try upper.checked("momentum.upper", 0...100)
      guard lower < upper else { throw ParameterError("momentum.upper", "must be above lower, \(lower)") }
    }

    var text: String { "momentum(period=\(period),lower=\(lower),upper=\(upper))" }
  }

  /// Judges `context` in the direction of `findings`; pure.
  package static func evaluate(
    _ context: RuleContext, _ findings: Findings, _ parameters: Parameters
  ) -> RuleResult {
    if let code = context.unreadiness { return .notReady(.momentum, code) }
    guard let direction = findings.direction else { return .skipped(.momentum, .noDirection) }
    guard let rsi = context.market.rsi(parameters.period), rsi.isWarm else { return .notReady(.momentum, .warmUp) }
    guard let strength = rsi.value else { return .fail(.momentum, .rsiFlat, direction) }

    let isLong = direction == .long
    let lower = isLong ? parameters.lower : 100 - parameters.upper
    let upper = isLong ? parameters.upper : 100 - parameters.lower
    let values = RuleValues(.init(.rsi, strength), .init(.lower, lower), .init(.upper, upper))
    guard lower < strength, strength < upper else { return .fail(.momentum, .rsiOut, direction, values) }
    // Best in the middle of the band, half at its edges.
    let offCentre = abs(strength - (lower + upper) / 2)
    return .pass(.momentum, direction, score: 1 - offCentre / (upper - lower), values)
  }
}
