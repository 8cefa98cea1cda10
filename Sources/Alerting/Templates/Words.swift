import ControlModel
import PromQL

/// Functions of templates on texts.
enum Words {
  /// Every word with a capital first letter (Go's `strings.Title`).
  static func titled(_ text: String) -> String {
    var out = String.UnicodeScalarView()
    var isInWord = false
    for scalar in text.unicodeScalars {
      out.append(contentsOf: isInWord ? [scalar][...] : Array(scalar.properties.titlecaseMapping.unicodeScalars)[...])
      isInWord =
        scalar.isASCII
        ? scalar == "_" || scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
        : !scalar.properties.isWhitespace
    }
    return String(out)
  }

  /// Whether the second text holds a match of the first.
  static func matches(_ patternAndText: [String]) throws(TemplateProblem) -> Bool {
    do throws(RegexError) {
      return try Matcher("text", .matches, "(?s:.*)(?:\(patternAndText[0]))(?s:.*)").matches(patternAndText[1])
    } catch {
      throw TemplateProblem("error calling match: \(error)")
    }
  }

  /// `host:port` without the port; anything else stays.
  static func withoutPort(_ text: String) -> String {
    guard let colon = text.lastIndex(of: ":"), colon != text.startIndex else { return text }
    let host = text[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") { return String(host.dropFirst().dropLast()) }
    return host.contains(":") ? text : String(host)
  }

  /// `host.domain:port` without the domain; an address stays.
  static func withoutDomain(_ text: String) -> String {
    let host = withoutPort(text)
    let port = text.dropFirst(text.hasPrefix("[") ? host.count + 2 : host.count)
    let isAddress = host.contains(":") || host.allSatisfy { $0 == "." || $0.isNumber }
    guard !isAddress, let dot = host.firstIndex(of: ".") else { return text }
    return String(host[..<dot]) + port
  }

  static func seconds(_ duration: String) throws(TemplateProblem) -> Double {
    guard let milliseconds = DurationSetting.milliseconds(duration) else {
      throw TemplateProblem("error calling parseDuration: not a valid duration string: \"\(duration)\"")
    }
    return Double(milliseconds) / 1000
  }
}
