import ControlModel

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
      (scaled, prefix) = small(value)
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
      let (scaled, prefix) = small(value)
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

  /// `2026-11-22 14:02:31.412 +0000 UTC`, as Go prints a time; the input is Unix seconds.
  package static func timestamp(_ value: Double) throws(TemplateProblem) -> String {
    guard value.isFinite else { return fourDigits(value) }
    // Through nanoseconds, cut off towards zero, as Prometheus does.
    guard abs(value) < 9e9 else { throw TemplateProblem("\(value) cannot be represented as a time") }
    let time = WallTime(unixMilliseconds: Int64(value * 1e9) / 1_000_000).description
    var text = time.dropLast()
    while text.hasSuffix("0"), text.contains(".") { text.removeLast() }
    if text.hasSuffix(".") { text.removeLast() }
    return text.replacing("T", with: " ") + " +0000 UTC"
  }

  private static func small(_ value: Double) -> (scaled: Double, prefix: String) {
    var scaled = value
    var prefix = ""
    for next in ["m", "u", "n", "p", "f", "a", "z", "y"] where abs(scaled) < 1 {
      prefix = next
      scaled *= 1000
    }
    return (scaled, prefix)
  }

  /// Go's `%.4g`.
  private static func fourDigits(_ value: Double) -> String { GoFormat.general(value, digits: 4) }
}
