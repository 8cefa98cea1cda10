import PromQL

/// The functions templates can call: Go's own and Prometheus'
/// (https://prometheus.io/docs/prometheus/latest/configuration/template_reference/), without those that make links and
/// markup for console pages.
enum TemplateFunction: String, Sendable {
  case humanize, humanize1024, humanizeDuration, humanizePercentage, humanizeTimestamp
  case printf, print, println
  case title, toUpper, toLower, match, stripPort, stripDomain, parseDuration
  case and, or, not, eq, ne, lt, le, gt, ge, len, index
  case query, first, label, value, sortByLabel
  case externalURL

  /// Whether `and` or `or` yields this argument without looking at the next.
  func isDecided(by argument: TemplateValue) -> Bool {
    self == .and && !argument.isTrue || self == .or && argument.isTrue
  }

  func call(
    _ arguments: [TemplateValue], _ context: TemplateContext
  ) throws(TemplateProblem) -> TemplateValue {
    let given = Arguments(function: self, values: arguments)
    switch self {
    case .humanize: return .text(Humanized.decimal(try given.number()))
    case .humanize1024: return .text(Humanized.binary(try given.number()))
    case .humanizeDuration: return .text(Humanized.duration(try given.number()))
    case .humanizePercentage: return .text(Humanized.percentage(try given.number()))
    case .humanizeTimestamp: return .text(try Humanized.timestamp(try given.number()))
    case .printf:
      guard let format = arguments.first, case .text(let text) = format else {
        throw TemplateProblem("error calling printf: the first argument is a format")
      }
      return .text(GoFormat.format(text, arguments.dropFirst()))
    case .print: return .text(GoFormat.print(arguments))
    case .println: return .text(arguments.map(\.text).joined(separator: " ") + "\n")
    case .title: return .text(Words.titled(try given.text()))
    case .toUpper: return .text(try given.text().uppercased())
    case .toLower: return .text(try given.text().lowercased())
    case .match: return .flag(try Words.matches(try given.texts(2)))
    case .stripPort: return .text(Words.withoutPort(try given.text()))
    case .stripDomain: return .text(Words.withoutDomain(try given.text()))
    case .parseDuration: return .number(try Words.seconds(try given.text()))
    case .and, .or:
      // Every argument but the last was undecided.
      guard let last = arguments.last else { throw TemplateProblem("wrong number of args for \(rawValue)") }
      return last
    case .not: return .flag(!(try given.only().isTrue))
    case .eq: return .flag(try TemplateComparison.isEqualToAny(arguments))
    case .ne: return .flag(try given.compared { !($0 == 0) })
    case .lt: return .flag(try given.compared { $0 < 0 })
    case .le: return .flag(try given.compared { $0 <= 0 })
    case .gt: return .flag(try given.compared { $0 > 0 })
    case .ge: return .flag(try given.compared { $0 >= 0 })
    case .len: return .integer(try given.length())
    case .index: return try given.element()
    case .query: return .list(try context.query(try given.text()))
    case .first: return .sample(try given.firstSample())
    case .label:
      let (name, sample) = try given.nameAndSample()
      return .text(sample.labels[name] ?? "")
    case .value: return .number(try given.sample().value)
    case .sortByLabel: return .list(try given.sortedByLabel())
    case .externalURL:
      try given.check(count: 0)
      return .text(context.externalURL)
    }
  }
}

/// The arguments of one call, checked as they are taken.
private struct Arguments {
  let function: TemplateFunction
  let values: [TemplateValue]

  func check(count: Int) throws(TemplateProblem) {
    guard values.count == count else {
      throw TemplateProblem("wrong number of args for \(function.rawValue): want \(count) got \(values.count)")
    }
  }

  private func mismatch(_ value: TemplateValue) -> TemplateProblem {
    TemplateProblem("error calling \(function.rawValue): wrong type \(value.typeName)")
  }

  func only() throws(TemplateProblem) -> TemplateValue {
    try check(count: 1)
    return values[0]
  }

  func number() throws(TemplateProblem) -> Double { try only().number(for: function.rawValue) }
  func text() throws(TemplateProblem) -> String { try texts(1)[0] }

  func texts(_ count: Int) throws(TemplateProblem) -> [String] {
    try check(count: count)
    var texts: [String] = []
    for value in values {
      guard case .text(let text) = value else { throw mismatch(value) }
      texts.append(text)
    }
    return texts
  }

  func compared(_ test: (Int) -> Bool) throws(TemplateProblem) -> Bool {
    try check(count: 2)
    guard let order = try TemplateComparison.order(values[0], values[1], isEquality: function == .ne) else {
      return function == .ne  // NaN is unequal and neither smaller nor greater
    }
    return test(order)
  }

  func length() throws(TemplateProblem) -> Int {
    switch try only() {
    case .text(let text): return text.utf8.count
    case .map(let map): return map.count
    case .list(let list): return list.count
    case let value: throw mismatch(value)
    }
  }

  /// `index $labels "name"`, `index list 0`.
  func element() throws(TemplateProblem) -> TemplateValue {
    try check(count: 2)
    switch (values[0], values[1]) {
    case (.map(let map), .text(let key)): return .text(map[key] ?? "")
    case (.list(let list), .integer(let index)):
      guard list.indices.contains(index) else { throw TemplateProblem("error calling index: index out of range") }
      return .sample(list[index])
    default: throw mismatch(values[0])
    }
  }

  private func list(_ value: TemplateValue) throws(TemplateProblem) -> [TemplateSample] {
    guard case .list(let list) = value else { throw mismatch(value) }
    return list
  }

  func firstSample() throws(TemplateProblem) -> TemplateSample {
    guard let first = try list(try only()).first else {
      throw TemplateProblem("error calling first: first() called on vector with no elements")
    }
    return first
  }

  func sample() throws(TemplateProblem) -> TemplateSample {
    guard case .sample(let sample) = try only() else { throw mismatch(values[0]) }
    return sample
  }

  func nameAndSample() throws(TemplateProblem) -> (String, TemplateSample) {
    try check(count: 2)
    guard case .text(let name) = values[0], case .sample(let sample) = values[1] else { throw mismatch(values[1]) }
    return (name, sample)
  }

  func sortedByLabel() throws(TemplateProblem) -> [TemplateSample] {
    try check(count: 2)
    guard case .text(let name) = values[0] else { throw mismatch(values[0]) }
    return try list(values[1]).sorted { ($0.labels[name] ?? "") < ($1.labels[name] ?? "") }
  }
}

/// Go's comparison of basic values: only those of one kind compare, so `gt $value 1` is refused where `gt $value 1.0` is
/// meant. Accepting it here would let a rule pass that fails in Prometheus.
enum TemplateComparison {
  /// Negative, zero or positive; nil when one of them is NaN.
  static func order(
    _ a: TemplateValue, _ b: TemplateValue, isEquality: Bool
  ) throws(TemplateProblem) -> Int? {
    switch (a, b) {
    case (.text(let a), .text(let b)):
      return a.utf8.elementsEqual(b.utf8) ? 0 : a.utf8.lexicographicallyPrecedes(b.utf8) ? -1 : 1
    case (.integer(let a), .integer(let b)): return a == b ? 0 : a < b ? -1 : 1
    case (.number(let a), .number(let b)): return a == b ? 0 : a < b ? -1 : a > b ? 1 : nil
    case (.flag(let a), .flag(let b)) where isEquality: return a == b ? 0 : 1
    default: throw TemplateProblem("incompatible types for comparison: \(a.typeName) and \(b.typeName)")
    }
  }

  /// `eq a b c`: whether `a` equals one of the others.
  static func isEqualToAny(_ values: [TemplateValue]) throws(TemplateProblem) -> Bool {
    guard values.count > 1 else { throw TemplateProblem("error calling eq: missing argument for comparison") }
    for value in values.dropFirst() where try order(values[0], value, isEquality: true) == 0 { return true }
    return false
  }
}
