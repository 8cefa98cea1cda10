import Foundation
import PromQL

/// Go's `fmt.Sprintf` and `fmt.Sprint` for the values templates have: verbs `%v %s %q %d %x %X %c %t %f %F %e %E %g %G`
/// with flags, width and precision. A verb that does not fit its argument prints `%!d(float64=1.5)`, as Go's does.
enum GoFormat {
  /// Widest field and longest precision a verb may ask for.
  private static let widthMax = 1024
  private static let precisionMax = 100

  static func format(_ format: String, _ arguments: ArraySlice<TemplateValue>) -> String {
    var rest = arguments
    var out = ""
    var scalars = Substring(format).unicodeScalars
    while let next = scalars.popFirst() {
      guard next == "%" else {
        out.unicodeScalars.append(next)
        continue
      }
      var verb = Verb()
      while let flag = scalars.first, "+-# 0".unicodeScalars.contains(flag) { verb.flags.insert(scalars.removeFirst()) }
      verb.width = number(&scalars).map { min($0, widthMax) }
      if scalars.first == "." {
        scalars.removeFirst()
        verb.precision = min(number(&scalars) ?? 0, precisionMax)
      }
      guard let letter = scalars.popFirst() else { return out + "%!(NOVERB)" }
      verb.letter = letter
      if letter == "%" {
        out += "%"
      } else if let argument = rest.popFirst() {
        out += verb.text(argument)
      } else {
        out += "%!\(letter)(MISSING)"
      }
    }
    if !rest.isEmpty {
      out += "%!(EXTRA " + rest.map { "\($0.typeName)=\($0.text)" }.joined(separator: ", ") + ")"
    }
    return out
  }

  /// Operands side by side, with a space between two that are both no text.
  static func print(_ values: [TemplateValue]) -> String {
    var out = ""
    var wasText = true
    for value in values {
      if case .text(let text) = value {
        out += text
        wasText = true
      } else {
        out += (wasText ? "" : " ") + value.text
        wasText = false
      }
    }
    return out
  }

  /// `%.<digits>g`.
  static func general(_ value: Double, digits: Int) -> String {
    value.isFinite ? String(format: "%.\(digits)g", value) : GoFloat.shortest(value)
  }

  private static func number(_ scalars: inout Substring.UnicodeScalarView) -> Int? {
    let digits = scalars.prefix { ("0"..."9").contains($0) }
    scalars = scalars[digits.endIndex...]
    return digits.isEmpty ? nil : Int(String(digits)) ?? widthMax
  }

  private struct Verb {
    var flags: Set<Unicode.Scalar> = []
    var width: Int?
    var precision: Int?
    var letter: Unicode.Scalar = "v"

    func text(_ value: TemplateValue) -> String {
      switch (value, letter) {
      case (.number(let number), _):
        guard let text = spelled(number) else { break }
        return padded(number.isNaN ? text : signed(text), isNumber: number.isFinite)
      case (.integer(let number), "c"):
        return padded(Unicode.Scalar(UInt32(clamping: number)).map { String(Character($0)) } ?? "\u{fffd}")
      case (.integer(let number), _):
        guard let text = spelled(number) else { break }
        return padded(signed(text), isNumber: true)
      case (.flag(let flag), "t"), (.flag(let flag), "v"): return padded(String(flag))
      case (.text(let text), "v"), (.text(let text), "s"): return padded(cut(text))
      case (.text(let text), "q"): return padded(Self.quoted(cut(text)))
      case (.text(let text), "x"), (.text(let text), "X"):
        return padded(text.utf8.map { Self.hex(Int($0), width: 2, isUpper: letter == "X") }.joined())
      case (_, "v"), (.map, "s"): return padded(value.text)
      default: break
      }
      return "%!\(letter)(\(value.typeName)=\(value.text))"
    }

    private func cut(_ text: String) -> String {
      guard let precision else { return text }
      return String(text.unicodeScalars.prefix(precision))
    }

    /// Nil when the verb is not one for floating point.
    private func spelled(_ value: Double) -> String? {
      switch letter {
      case "v", "g", "G", "e", "E", "f", "F": break
      default: return nil
      }
      guard value.isFinite else { return value.isNaN ? "NaN" : value < 0 ? "-Inf" : "+Inf" }
      if letter == "v" || letter == "g" || letter == "G", precision == nil {
        let text = GoFloat.shortest(value)
        return letter == "G" ? text.uppercased() : text
      }
      return String(format: "%.\(precision ?? 6)\(letter == "v" ? "g" : String(letter))", value)
    }

    private func spelled(_ value: Int) -> String? {
      var digits: String
      switch letter {
      case "v", "d": digits = String(value.magnitude)
      case "x", "X": digits = String(value.magnitude, radix: 16, uppercase: letter == "X")
      case "o": digits = String(value.magnitude, radix: 8)
      case "b": digits = String(value.magnitude, radix: 2)
      default: return nil
      }
      if let precision, digits.count < precision {
        digits = String(repeating: "0", count: precision - digits.count) + digits
      }
      return (value < 0 ? "-" : "") + digits
    }

    private func signed(_ text: String) -> String {
      if text.hasPrefix("-") || text.hasPrefix("+") {
        return text == "+Inf" && !flags.contains("+") ? (flags.contains(" ") ? " Inf" : text) : text
      }
      return flags.contains("+") ? "+" + text : flags.contains(" ") ? " " + text : text
    }

    private func padded(_ text: String, isNumber: Bool = false) -> String {
      let missing = (width ?? 0) - text.unicodeScalars.count
      guard missing > 0 else { return text }
      if flags.contains("-") { return text + String(repeating: " ", count: missing) }
      guard flags.contains("0"), isNumber else { return String(repeating: " ", count: missing) + text }
      let sign = text.prefix { "+- ".contains($0) }
      return sign + String(repeating: "0", count: missing) + text.dropFirst(sign.count)
    }

    private static func quoted(_ text: String) -> String {
      var out = "\""
      for scalar in text.unicodeScalars {
        switch scalar {
        case "\"": out += "\\\""
        case "\\": out += "\\\\"
        case "\n": out += "\\n"
        case "\t": out += "\\t"
        case "\r": out += "\\r"
        case _ where scalar.value < 0x20 || scalar.value == 0x7f: out += "\\x" + hex(Int(scalar.value), width: 2)
        default: out.unicodeScalars.append(scalar)
        }
      }
      return out + "\""
    }

    private static func hex(_ value: Int, width: Int, isUpper: Bool = false) -> String {
      let digits = String(value, radix: 16, uppercase: isUpper)
      return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
  }
}
