package import ControlModel
package import Strategy

/// Where bars come from.
package protocol MarketData: Sendable {
  /// What became known since the last call: closed bars, oldest first. Empty while nothing is due.
  mutating func next(at now: WallTime) -> [MarketBar]
  /// The bars that precede the next one, to warm indicators up.
  func history(of symbol: Symbol) -> [Bar]
  var symbols: [Symbol] { get }
  /// Opaque mark from which an equal source continues; kept by the runtime across restarts.
  var position: String { get }
}

package struct MarketBar: Equatable, Sendable {
  package let symbol: Symbol
  package let bar: Bar

  package init(symbol: Symbol, bar: Bar) {
    self.symbol = symbol
    self.bar = bar
  }
}
