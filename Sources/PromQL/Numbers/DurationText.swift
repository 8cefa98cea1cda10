/// Durations as PromQL writes them: `1h30m`, `250ms`, `2w`.
enum DurationText {
  /// The longest duration in milliseconds: 292 years, where Go's nanosecond count ends. Larger ones are refused, so
  /// that sums of times and durations cannot overflow.
  static let millisecondsMax: Int64 = Int64.max / 1_000_000

  private static let units: [(name: [UInt8], milliseconds: Int64)] = [
    (Array("y".utf8), 365 * 86_400_000), (Array("w".utf8), 7 * 86_400_000), (Array("d".utf8), 86_400_000),
    (Array("h".utf8), 3_600_000), (Array("m".utf8), 60_000), (Array("s".utf8), 1000), (Array("ms".utf8), 1),
  ]

  /// Milliseconds of a duration whose units fall from years to milliseconds, each at most once.
  static func parse(_ text: some Collection<UInt8>) -> Result<Int64, Problem> {
    let source = String(decoding: text, as: UTF8.self)
    var rest = text[...]
    var total: Int64 = 0
    var unitsLeft = units[...]
    guard !rest.isEmpty else { return .failure(.malformed(source)) }
    while !rest.isEmpty {
      let number = rest.prefix(while: LabelName.isDigit)
      rest = rest[number.endIndex...]
      let unit = rest.prefix { !LabelName.isDigit($0) }
      rest = rest[unit.endIndex...]
      guard !number.isEmpty, let index = unitsLeft.firstIndex(where: { $0.name.elementsEqual(unit) }) else {
        return .failure(.malformed(source))
      }
      guard let count = Int64(String(decoding: number, as: UTF8.self)) else { return .failure(.outOfRange(source)) }
      let (part, overflows) = count.multipliedReportingOverflow(by: units[index].milliseconds)
      let (sum, overflowsToo) = total.addingReportingOverflow(part)
      guard !overflows, !overflowsToo, sum <= millisecondsMax else { return .failure(.outOfRange(source)) }
      total = sum
      unitsLeft = units[(index + 1)...]
    }
    return .success(total)
  }

  /// The canonical text, as Prometheus prints durations: years, weeks and days only if they divide evenly.
  static func print(milliseconds: Int64) -> String {
    if milliseconds == 0 { return "0s" }
    if milliseconds < 0 { return "-" + print(milliseconds: -milliseconds) }
    var rest = milliseconds
    var out = ""
    for (name, unit) in units {
      let onlyWhole = unit >= 86_400_000
      if onlyWhole, rest % unit != 0 { continue }
      if rest >= unit {
        out += "\(rest / unit)\(String(decoding: name, as: UTF8.self))"
        rest %= unit
      }
    }
    return out
  }

  enum Problem: Error, Equatable {
    case malformed(String)
    case outOfRange(String)

    var message: String {
      switch self {
      case .malformed(let text): "not a valid duration string: \(Quoted.text(text))"
      case .outOfRange(let text): "duration out of range: \(Quoted.text(text))"
      }
    }
  }
}
