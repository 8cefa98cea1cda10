/// A series written out for a test, e.g. `requests_total{job="api"} 0+10x5 _ stale`: the notation of Prometheus' rule
/// unit tests and `.test` scripts.
package struct SeriesNotation: Equatable, Sendable {
  package let labels: Labels
  /// One value per interval, `nil` where the series has no sample.
  package let values: [Double?]

  /// Most values one series may expand to: a month of minutes.
  package static let valuesMax = 50_000

  /// Reads labels and values.
  /// - Throws: text that is neither, native histograms, or more than `valuesMax` values.
  package init(_ text: String) throws(ParseError) {
    let bytes = Array(text.utf8)
    let end = Self.endOfLabels(bytes)
    labels = try Labels(parsing: String(decoding: bytes[..<end], as: UTF8.self))
    values = try Self.values(String(decoding: bytes[end...], as: UTF8.self))
  }

  /// Reads values separated by spaces: `1`, `1x3` (1 and three more), `1+2x3` (1 3 5 7), `_`, `_x3`, `stale`.
  package static func values(_ text: String) throws(ParseError) -> [Double?] {
    var values: [Double?] = []
    for word in text.split(whereSeparator: \.isWhitespace) {
      guard let item = Item(word) else {
        throw ParseError("invalid series value \(Quoted.text(String(word)))", at: 0, in: [])
      }
      guard values.count + item.count <= valuesMax else {
        throw ParseError("series has more than \(valuesMax) values", at: 0, in: [])
      }
      item.append(to: &values)
    }
    return values
  }

  /// The first space outside braces and strings.
  private static func endOfLabels(_ bytes: [UInt8]) -> Int {
    var quote: UInt8?
    var isInBraces = false
    var index = 0
    while index < bytes.count {
      switch (bytes[index], quote) {
      case (UInt8(ascii: "\\"), .some): index += 1
      case (let byte, .some(let open)): if byte == open { quote = nil }
      case (UInt8(ascii: "\""), nil), (UInt8(ascii: "'"), nil): quote = bytes[index]
      case (UInt8(ascii: "{"), nil): isInBraces = true
      case (UInt8(ascii: "}"), nil): isInBraces = false
      case (UInt8(ascii: " "), nil), (UInt8(ascii: "\t"), nil): if !isInBraces { return index }
      default: break
      }
      index += 1
    }
    return bytes.count
  }

  /// One word of the values.
  private struct Item {
    let start: Double?
    let change: Double
    let count: Int

    init?(_ word: Substring) {
      let parts = word.split(separator: "x", omittingEmptySubsequences: false)
      let repeats = parts.count == 2 ? Int(parts[1]) : 0
      guard parts.count <= 2, let repeats, (0...SeriesNotation.valuesMax).contains(repeats), let head = parts.first
      else { return nil }
      if head == "_" {
        (start, change, count) = (nil, 0, max(1, repeats))
      } else if head == "stale" {
        (start, change, count) = (SampleValue.staleMarker, 0, repeats + 1)
      } else if let (value, step) = Self.numbers(head) {
        (start, change, count) = (value, step, repeats + 1)
      } else {
        return nil
      }
    }

    func append(to values: inout [Double?]) {
      var value = start
      for _ in 0..<count {
        values.append(value)
        if change != 0 { value = value.map { $0 + change } }
      }
    }

    /// `1.5`, `-1e3`, `1+2` or `1-2`.
    private static func numbers(_ text: Substring) -> (value: Double, step: Double)? {
      if let value = GoFloat.parseLiteral(text) { return (value, 0) }
      for index in text.indices.dropFirst() where text[index] == "+" || text[index] == "-" {
        let rest = text[index] == "+" ? text[text.index(after: index)...] : text[index...]
        if let value = GoFloat.parseLiteral(text[..<index]), let step = GoFloat.parseLiteral(rest) {
          return (value, step)
        }
      }
      return nil
    }
  }
}

extension Labels {
  /// Reads labels as a series is written: `name{label="value", …}`, name or braces alone, or `{}`.
  /// - Throws: anything else, with line and column.
  package init(parsing text: String) throws(ParseError) {
    var parser = try Parser(text)
    self = try parser.labels()
  }
}

extension Parser {
  fileprivate mutating func labels() throws(ParseError) -> Labels {
    let range = 0..<input.count
    var pairs: [(String, String)] = []
    for matcher in try seriesMatchers() {
      guard matcher.operation == .equal else { throw error("labels of a series can only be set with =", at: range) }
      pairs.append((matcher.name, matcher.value))
    }
    guard token.kind == .end else { throw unexpected(place: "after labels") }
    do {
      return try Labels(pairs)
    } catch let problem {
      throw error(problem.description, at: range)
    }
  }
}
