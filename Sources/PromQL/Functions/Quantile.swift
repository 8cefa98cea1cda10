/// The φ-quantile of numbers, with straight lines between neighbours.
enum Quantile {
  /// Sorts `values` and reads the quantile off; NaN counts as the smallest. No numbers give NaN, a φ outside 0…1 an
  /// infinity.
  static func value(_ quantile: Double, of values: inout [Double]) -> Double {
    if values.isEmpty || quantile.isNaN { return .nan }
    if quantile < 0 { return -.infinity }
    if quantile > 1 { return .infinity }
    values.sort { isLess($0, $1) }
    let rank = quantile * Double(values.count - 1)
    let lower = Int(rank.rounded(.down))
    let upper = min(lower + 1, values.count - 1)
    let weight = rank - rank.rounded(.down)
    return values[lower] * (1 - weight) + values[upper] * weight
  }

  /// Ascending order with NaN first.
  @inline(__always)
  static func isLess(_ a: Double, _ b: Double) -> Bool {
    a < b || (a.isNaN && !b.isNaN)
  }
}
