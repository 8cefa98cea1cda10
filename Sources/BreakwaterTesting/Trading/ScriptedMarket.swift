package import ControlModel
package import Strategy
import Synchronization
package import TradingRuntime

/// A market in a test's hands: it knows the bars of its history, and each pass gets what was pushed since.
package struct ScriptedMarket: MarketData {
  /// Bars pushed and not taken yet; shared by copies.
  private final class Queue: Sendable {
    let bars = Mutex([MarketBar]())
  }

  private let past: [Symbol: [Bar]]
  private let queue = Queue()

  package init(_ past: [Symbol: [Bar]]) {
    self.past = past
  }

  package func push(_ symbol: Symbol, _ bar: Bar) {
    queue.bars.withLock { $0.append(MarketBar(symbol: symbol, bar: bar)) }
  }

  package var symbols: [Symbol] { past.keys.sorted() }
  package var position: String { "0" }
  package func history(of symbol: Symbol) -> [Bar] { past[symbol] ?? [] }

  package mutating func next(at now: WallTime) -> [MarketBar] {
    queue.bars.withLock { bars in
      defer { bars = [] }
      return bars
    }
  }

  /// One day's bar around `price`.
  package static func bar(day: Int, at price: Double) throws -> Bar {
    try Bar(
      start: WallTime(unixMilliseconds: Int64(day) * 86_400_000), open: price, high: price * 1.01, low: price * 0.99,
      close: price, volume: 1000)
  }
}
