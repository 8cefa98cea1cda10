import Foundation
import PromQL

/// Go's `printf` verbs as far as rules use them: `%v %s %d %f %g %e %q %x %t %%` with flags, width and precision.
enum Formatter {
  /// Widest field a verb may ask for.
  private static let widthMax = 1024

  static func format(_ arguments: [TemplateValue]) throws(TemplateProblem) -> String {
    guard case .text(let format)? = arguments.first else {
      throw TemplateProblem("printf: the first argument is a format")
    }
    var rest = arguments.dropFirst()
    var out = ""
    var characters = Substring(format)
    while let next = characters.popFirst() {
      guard next == "%" else {
        out.append(next)
        continue
      }
      var flags = ""
      while let flag = characters.first, "+-# 0".contains(flag) { flags.append(characters.removeFirst()) }
      let width = number(&characters)
      var precision: Int?
      if characters.first == "." {
        characters.removeFirst()
        precision = number(&characters) ?? 0
      }
      guard let verb = characters.popFirst() else { throw TemplateProblem("printf: % at the end of the format") }
      if verb == "%" {
        out.append("%")
        continue
      }
      guard let argument = rest.popFirst() else { throw TemplateProblem("printf: missing argument for %\(verb)") }
      var text = try spell(argument, verb, flags, precision.map { min($0, 100) })
      if let width {
        let missing = min(width, widthMax) - text.count
        if missing > 0 {
          let padding = String(repeating: flags.contains("0") && !flags.contains("-") ? "0" : " ", count: missing)
          text = flags.contains("-") ? text + padding : padding + text
        }
      }
      out += text
    }
    guard rest.isEmpty else { throw TemplateProblem("printf: more arguments than verbs") }
    return out
  }

  private static func number(_ characters: inout Substring) -> Int? {
    let digits = characters.prefix { $0.isASCII && $0.isNumber }
    characters = characters.dropFirst(digits.count)
    return digits.isEmpty ? nil : Int(digits.prefix(6))
  }

  private static func spell(
    _ argument: TemplateValue, _ verb: Character, _ flags: String, _ precision: Int?
  ) throws(TemplateProblem) -> String {
    let plus = flags.contains("+")
    switch verb {
    case "v", "s":
      let text = argument.text
      return precision.map { String(text.prefix($0)) } ?? text
    case "q": return "\"\(argument.text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\""
    case "t": return argument.text
    case "d":
      let value = try argument.number(for: "printf")
      guard value.isFinite, abs(value) < 9e18 else { return argument.text }
      return (plus && value >= 0 ? "+" : "") + String(Int64(value))
    case "f":
      let value = try argument.number(for: "printf")
      return (plus && value >= 0 ? "+" : "") + fixed(value, precision ?? 6)
    case "e": return exponent(try argument.number(for: "printf"), precision ?? 6)
    case "g": return general(try argument.number(for: "printf"), digits: precision)
    case "x":
      let value = try argument.number(for: "printf")
      guard value.isFinite, abs(value) < 9e18 else { return argument.text }
      return String(Int64(value), radix: 16)
    default: throw TemplateProblem("printf: unknown verb %\(verb)")
    }
  }

  private static func fixed(_ value: Double, _ precision: Int) -> String {
    guard value.isFinite else { return GoFloat.shortest(value) }
    return String(format: "%.\(precision)f", value)
  }

  private static func exponent(_ value: Double, _ precision: Int) -> String {
    guard value.isFinite else { return GoFloat.shortest(value) }
    return String(format: "%.\(precision)e", value)
  }

  /// C and Go agree on `%g` with a precision; without one Go prints the shortest text that reads back.
  static func general(_ value: Double, digits: Int?) -> String {
    guard value.isFinite else { return GoFloat.shortest(value) }
    guard let digits else { return GoFloat.shortest(value) }
    return String(format: "%.\(digits)g", value)
  }
}
