import ControlModel

/// A band of prices at which the market turned before: support below the price, resistance above it.
package struct Zone: Equatable, Sendable {
  package let low: Double
  package let high: Double
  /// How many turning points formed it.
  package let touches: Int
  /// The touches with their weight halved every `ageHalfLifeBars` bars.
  package let weightedTouches: Double
}

/// How turning points are found and merged into zones; distances are multiples of ATR14.
package struct ZoneShape: Hashable, Sendable {
  /// A turning point is the extreme of this many bars on both sides, so it is known this many bars late.
  package let pivotSpan: Int
  /// Turning points older than this many bars are forgotten.
  package let windowBars: Int
  /// Turning points at most this far above the lowest one of a zone belong to it.
  package let mergeATR: Double
  /// A narrower zone is widened to this around its middle.
  package let widthMinATR: Double

  /// Five bars to both sides, 250 bars back, zones up to half and at least a quarter of ATR14 wide.
  package static let standard = ZoneShape(checkedSpan: 5, window: 250, merge: 0.5, widthMin: 0.25)

  /// - Throws: outside `pivotSpan` 1...20, `windowBars` 50...1,000, `mergeATR` 0.05...5, `widthMinATR` 0...5.
  package init(pivotSpan: Int, windowBars: Int, mergeATR: Double, widthMinATR: Double) throws(ParameterError) {
    self.init(
      checkedSpan: try pivotSpan.checked("zone.pivotSpan", 1...20),
      window: try windowBars.checked("zone.windowBars", 50...ZoneMap.ageMax),
      merge: try mergeATR.checked("zone.mergeATR", 0.05...5),
      widthMin: try widthMinATR.checked("zone.widthMinATR", 0...5))
  }

  private init(checkedSpan: Int, window: Int, merge: Double, widthMin: Double) {
    pivotSpan = checkedSpan
    windowBars = window
    mergeATR = merge
    widthMinATR = widthMin
  }
}

/// The zones of one symbol, kept up to date bar by bar.
///
/// Highs and lows form zones together: a broken resistance is the next support, so its position relative to the price
/// gives a zone its role. Turning points stay sorted by price, which makes the zones one pass over a few dozen of them.
struct ZoneMap: Sendable {
  let shape: ZoneShape
  /// Ascending. At most one per turning point in the window.
  private(set) var zones: [Zone] = []
  private var pivots: [Pivot] = []
  private var oldestIndex = Int.max

  /// The longest window; bounds the weight table.
  static let ageMax = 1_000
  static let ageHalfLifeBars = 100.0
  /// `0.5^(age / ageHalfLifeBars)` for every age: a power per turning point and bar would be most of the work.
  private static let weights: [Double] = {
    var weights = [1.0]
    // 0.5^(1/100); the error of repeated multiplication stays below 1e-12 over the table.
    let perBar = 0.993092495437036
    for age in 1...ageMax { weights.append(age % 100 == 0 ? weights[age - 100] / 2 : weights[age - 1] * perBar) }
    return weights
  }()

  private struct Pivot: Sendable {
    let price: Double
    let index: Int
  }

  init(_ shape: ZoneShape) {
    self.shape = shape
  }

  /// Looks for turning points and forgets old ones; `zones` follow with `merge`.
  /// - Parameters:
  ///   - recent: the newest bars, at least `2 × pivotSpan + 1` of them once available.
  ///   - index: number of the newest bar, from 0.
  mutating func advance(_ recent: BarSeries, index: Int) {
    forget(before: index - shape.windowBars + 1)
    let span = shape.pivotSpan
    if recent.count > 2 * span, let candidate = recent.bar(ago: span) {
      if isExtreme(recent, { candidate.high > $0.high }, { candidate.high >= $0.high }) {
        insert(Pivot(price: candidate.high, index: index - span))
      }
      if isExtreme(recent, { candidate.low < $0.low }, { candidate.low <= $0.low }) {
        insert(Pivot(price: candidate.low, index: index - span))
      }
    }
  }

  /// Strictly beyond the bars before it but only level with those after it: of a plateau, the first bar counts, once.
  private func isExtreme(_ recent: BarSeries, _ beyond: (Bar) -> Bool, _ atLeast: (Bar) -> Bool) -> Bool {
    let span = shape.pivotSpan
    let newest = recent.count - 1
    for ago in 0..<span where !atLeast(recent[newest - ago]) { return false }
    for ago in span + 1...2 * span where !beyond(recent[newest - ago]) { return false }
    return true
  }

  private mutating func insert(_ pivot: Pivot) {
    let position = pivots.firstIndex { $0.price > pivot.price } ?? pivots.count
    pivots.insert(pivot, at: position)
    oldestIndex = min(oldestIndex, pivot.index)
  }

  private mutating func forget(before first: Int) {
    guard oldestIndex < first else { return }
    pivots.removeAll { $0.index < first }
    oldestIndex = pivots.lazy.map(\.index).min() ?? .max
  }

  /// Makes `zones` from the turning points as they stand at bar `index`.
  mutating func merge(index: Int, atr: Double) {
    zones.removeAll(keepingCapacity: true)
    guard atr > 0, let lowest = pivots.first else { return }
    let weights = Self.weights
    let reach = shape.mergeATR * atr
    var (low, high, touches, weighted) = (lowest.price, lowest.price, 0, 0.0)
    for pivot in pivots {
      if pivot.price - low > reach {
        zones.append(zone(low, high, touches, weighted, atr))
        (low, touches, weighted) = (pivot.price, 0, 0)
      }
      high = pivot.price
      touches += 1
      weighted += weights[index - pivot.index]
    }
    zones.append(zone(low, high, touches, weighted, atr))
  }

  private func zone(_ low: Double, _ high: Double, _ touches: Int, _ weighted: Double, _ atr: Double) -> Zone {
    let missing = max(0, shape.widthMinATR * atr - (high - low)) / 2
    return Zone(low: low - missing, high: high + missing, touches: touches, weightedTouches: weighted)
  }
}
