package import ControlModel

/// Watches unadjusted bars for stock splits: each would look like a crash to every indicator.
///
/// Price alone hardly decides. AAPL closed on 2000-09-29 at 1/2.08 of the close before, after a profit warning; the
/// three real 2-for-1 splits of our series closed at 1/1.82 to 1/1.98. Opening prices, before the day's own news,
/// differ by little: 1/1.90 against 1/1.96 to 1/2.01. So a split must show two marks: an *opening* price at a ratio
/// companies use, and the volume of an ordinary day. Twice the shares trade as twice the count, so the volume is
/// compared after dividing by the ratio: real splits had 0.3 to 0.7 times the usual volume, the crash 11 times.
///
/// A crash on no volume that opens at such a ratio is still taken for a split. The answer must therefore only block a
/// symbol until a person confirms, never rewrite a position.
package struct SplitDetector: Sendable {
  private var lastClose: Double?
  private var volumes = SlidingWindow(capacity: SplitDetector.volumeWindowBars)

  /// How far the opening price may be from the exact ratio: an ordinary overnight move.
  package static let priceTolerance = 0.04
  /// More than this many times the usual volume is news.
  package static let volumeMultipleMax = 3.0
  /// Bars whose median is the usual volume; with fewer seen, only price decides.
  package static let volumeWindowBars = 20
  /// Smallest gap reported at all. 4:3 and 5:4 splits move less than earnings do and cannot be told from them.
  package static let gapMin = 1.4

  package init() {}

  /// Takes in the next unadjusted bar; answers when it opened with a gap of at least `gapMin` either way.
  package mutating func update(_ bar: Bar) -> PriceJump? {
    defer {
      lastClose = bar.close
      _ = volumes.push(bar.volume)
    }
    guard let lastClose else { return nil }
    let ratio = lastClose / bar.open
    guard ratio >= Self.gapMin || ratio <= 1 / Self.gapMin else { return nil }
    let split = SplitRatio.known.first { abs(ratio / $0.factor - 1) <= Self.priceTolerance }
    let isOrdinary = split.map { isOrdinaryVolume(bar.volume / $0.factor) } ?? false
    return PriceJump(start: bar.start, ratio: ratio, split: isOrdinary ? split : nil)
  }

  private func isOrdinaryVolume(_ volume: Double) -> Bool {
    guard volumes.isFull else { return true }
    let sorted = volumes.values.sorted()
    let median = (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
    return volume <= median * Self.volumeMultipleMax
  }
}

/// An opening gap too large for an ordinary night.
package struct PriceJump: Equatable, Sendable {
  /// Start of the bar that opened after it.
  package let start: WallTime
  /// Close before over open after; 2 when the price halved.
  package let ratio: Double
  /// The split it looks like; nil when it looks like a move of the market.
  package let split: SplitRatio?
}

/// So many new shares for so many old ones.
package struct SplitRatio: Hashable, Sendable, CustomStringConvertible {
  package let new: Int
  package let old: Int

  init(_ new: Int, for old: Int) {
    self.new = new
    self.old = old
  }

  /// What an old price is divided by, and an old share count multiplied by.
  package var factor: Double { Double(new) / Double(old) }
  package var description: String { "\(new):\(old)" }

  /// The ratios companies use, splits and reverse splits. Wide apart enough for `SplitDetector.priceTolerance`.
  package static let known: [SplitRatio] =
    [(3, 2), (2, 1), (5, 2), (3, 1), (4, 1), (5, 1), (6, 1), (7, 1), (8, 1), (10, 1), (15, 1), (20, 1), (50, 1)]
    .flatMap { [SplitRatio($0.0, for: $0.1), SplitRatio($0.1, for: $0.0)] }
}

/// Rewriting a series as if its splits had happened before it began.
package enum SplitAdjustment {
  /// `bars` with every detected split taken out, and the splits. Prices before a split are divided by its factor,
  /// volumes multiplied, so that indicators see one continuous series. For recorded data; a live split needs a person.
  package static func adjusted(_ bars: [Bar]) -> (bars: [Bar], splits: [PriceJump]) {
    var detector = SplitDetector()
    let splits = bars.compactMap { detector.update($0) }.filter { $0.split != nil }
    var remaining = splits[...]
    var factor = 1.0
    var adjusted: [Bar] = []
    adjusted.reserveCapacity(bars.count)
    for bar in bars.reversed() {
      while let split = remaining.last, bar.start < split.start {
        factor *= split.split?.factor ?? 1
        remaining.removeLast()
      }
      adjusted.append(
        Bar(
          checked: bar.start, bar.open / factor, bar.high / factor, bar.low / factor, bar.close / factor,
          bar.volume * factor))
    }
    return (adjusted.reversed(), splits)
  }
}
