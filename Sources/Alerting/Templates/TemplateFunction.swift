import ControlModel
import PromQL

/// The functions templates can call (https://prometheus.io/docs/prometheus/latest/configuration/template_reference/).
enum TemplateFunction: String, Sendable {
  case humanize, humanize1024, humanizeDuration, humanizePercentage, humanizeTimestamp
  case printf, print
  case title, toUpper, toLower
  case and, or, not, eq, ne, lt, le, gt, ge

  func call(_ arguments: [TemplateValue]) throws(TemplateProblem) -> TemplateValue {
    switch self {
    case .humanize: return .text(Humanized.decimal(try number(arguments)))
    case .humanize1024: return .text(Humanized.binary(try number(arguments)))
    case .humanizeDuration: return .text(Humanized.duration(try number(arguments)))
    case .humanizePercentage: return .text(Humanized.percentage(try number(arguments)))
    case .humanizeTimestamp: return .text(Humanized.timestamp(try number(arguments)))
    case .printf: return .text(try Formatter.format(arguments))
    case .print: return .text(arguments.map(\.text).joined())
    case .title:
      return .text(
        try text(arguments).split(separator: " ").map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined(
          separator: " "))
    case .toUpper: return .text(try text(arguments).uppercased())
    case .toLower: return .text(try text(arguments).lowercased())
    case .and: return arguments.first { !$0.isTrue } ?? arguments.last ?? .flag(true)
    case .or: return arguments.first { $0.isTrue } ?? arguments.last ?? .flag(false)
    case .not: return .flag(!(arguments.first?.isTrue ?? false))
    case .eq: return .flag(try pair(arguments) { $0.text == $1.text })
    case .ne: return .flag(try pair(arguments) { $0.text != $1.text })
    case .lt: return .flag(try compare(arguments) { $0 < $1 })
    case .le: return .flag(try compare(arguments) { $0 <= $1 })
    case .gt: return .flag(try compare(arguments) { $0 > $1 })
    case .ge: return .flag(try compare(arguments) { $0 >= $1 })
    }
  }

  private func number(_ arguments: [TemplateValue]) throws(TemplateProblem) -> Double {
    guard arguments.count == 1 else { throw TemplateProblem("\(rawValue) takes one argument") }
    return try arguments[0].number(for: rawValue)
  }

  private func text(_ arguments: [TemplateValue]) throws(TemplateProblem) -> String {
    guard arguments.count == 1 else { throw TemplateProblem("\(rawValue) takes one argument") }
    return arguments[0].text
  }

  private func pair(
    _ arguments: [TemplateValue], _ test: (TemplateValue, TemplateValue) -> Bool
  ) throws(TemplateProblem) -> Bool {
    guard arguments.count == 2 else { throw TemplateProblem("\(rawValue) takes two arguments") }
    return test(arguments[0], arguments[1])
  }

  private func compare(
    _ arguments: [TemplateValue], _ test: (Double, Double) -> Bool
  ) throws(TemplateProblem) -> Bool {
    guard arguments.count == 2 else { throw TemplateProblem("\(rawValue) takes two arguments") }
    return test(try arguments[0].number(for: rawValue), try arguments[1].number(for: rawValue))
  }
}

/// Numbers for people, as Prometheus' template functions print them (template/template.go).
package enum Humanized {
  /// `1.5k`, `20m`: SI prefixes, four significant digits.
  package static func decimal(_ value: Double) -> String {
    guard value != 0, value.isFinite else { return fourDigits(value) }
    var scaled = value
    var prefix = ""
    if abs(value) >= 1 {
      for next in ["k", "M", "G", "T", "P", "E", "Z", "Y"] where abs(scaled) >= 1000 {
        prefix = next
        scaled /= 1000
      }
    } else {
      for next in ["m", "u", "n", "p", "f", "a", "z", "y"] where abs(scaled) < 1 {
        prefix = next
        scaled *= 1000
      }
    }
    return fourDigits(scaled) + prefix
  }

  /// `1.5ki`: powers of 1024.
  package static func binary(_ value: Double) -> String {
    guard abs(value) > 1, value.isFinite else { return fourDigits(value) }
    var scaled = value
    var prefix = ""
    for next in ["ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"] where abs(scaled) >= 1024 {
      prefix = next
      scaled /= 1024
    }
    return fourDigits(scaled) + prefix
  }

  /// `1h 2m 3s`, `12.5ms`; the input is seconds.
  package static func duration(_ value: Double) -> String {
    guard value.isFinite else { return fourDigits(value) }
    if value == 0 { return "0s" }
    if abs(value) < 1 {
      var scaled = value
      var prefix = ""
      for next in ["m", "u", "n", "p", "f", "a", "z", "y"] where abs(scaled) < 1 {
        prefix = next
        scaled *= 1000
      }
      return fourDigits(scaled) + prefix + "s"
    }
    let sign = value < 0 ? "-" : ""
    let magnitude = abs(value)
    guard magnitude < 9e15 else { return fourDigits(value) + "s" }
    let whole = Int64(magnitude)
    let (seconds, minutes, hours, days) = (whole % 60, whole / 60 % 60, whole / 3600 % 24, whole / 86_400)
    if days != 0 { return "\(sign)\(days)d \(hours)h \(minutes)m \(seconds)s" }
    if hours != 0 { return "\(sign)\(hours)h \(minutes)m \(seconds)s" }
    if minutes != 0 { return "\(sign)\(minutes)m \(seconds)s" }
    return sign + fourDigits(magnitude) + "s"
  }

  /// `12.5%`
  package static func percentage(_ value: Double) -> String { fourDigits(value * 100) + "%" }

  package static func timestamp(_ value: Double) -> String {
    guard value.isFinite, abs(value) < 9e12 else { return fourDigits(value) }
    return WallTime(unixMilliseconds: Int64(value * 1000)).description
  }

  /// Go's `%.4g`.
  static func fourDigits(_ value: Double) -> String { Formatter.general(value, digits: 4) }
}
