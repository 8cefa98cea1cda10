/// Durations as people write them in configuration, rule files and flags: `250ms`, `30s`, `5m`, `1h30m`, `7d`.
package enum DurationSetting {
  private static let units: [(String, Int64)] = [
    ("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000), ("w", 604_800_000),
    ("y", 31_536_000_000),
  ]

  /// Whole milliseconds; nil unless `text` is numbers with units, or a bare `0`. At most 100 years.
  package static func milliseconds(_ text: String) -> Int64? {
    if text == "0" { return 0 }
    var rest = Substring(text)
    var sum: Int64 = 0
    guard !rest.isEmpty else { return nil }
    while !rest.isEmpty {
      let digits = rest.prefix { $0.isASCII && $0.isNumber }
      guard (1...15).contains(digits.count), let count = Int64(digits) else { return nil }
      rest = rest.dropFirst(digits.count)
      let name = rest.prefix { $0.isLetter }
      guard let unit = units.first(where: { $0.0 == name }) else { return nil }
      rest = rest.dropFirst(name.count)
      let (product, overflow) = count.multipliedReportingOverflow(by: unit.1)
      guard !overflow, product <= 3_153_600_000_000 - sum else { return nil }
      sum += product
    }
    return sum
  }

  /// The shortest spelling with at most two units, rounded down: `1h30m`, `12s`, `250ms`.
  package static func text(milliseconds: Int64) -> String {
    if milliseconds < 1000 { return "\(max(0, milliseconds))ms" }
    var parts: [String] = []
    var rest = milliseconds
    for (name, size) in units.reversed() where name != "y" && name != "w" && name != "ms" {
      if rest >= size {
        parts.append("\(rest / size)\(name)")
        rest %= size
        if parts.count == 2 { break }
      } else if !parts.isEmpty {
        break
      }
    }
    return parts.joined()
  }
}
