package import PromQL

/// Conditions on an alert's labels, all of which must hold; written as Alertmanager and amtool take them:
/// `severity="critical"`, `tenant=~"or.*"`, values quoted or bare, a list with or without braces.
package struct LabelMatchers: Sendable, Hashable {
  package let conditions: [Matcher]

  /// Most conditions of one silence, route or inhibition, and the longest one in bytes.
  package static let countMax = 32
  package static let bytesMax = 1024

  /// What is wrong with a matcher, for a person.
  package struct Problem: Error, Sendable, Equatable, CustomStringConvertible {
    package let description: String
  }

  private init(conditions: [Matcher]) { self.conditions = conditions }

  /// No condition: holds for every alert.
  package static let all = LabelMatchers(conditions: [])

  /// One text per condition, or several in one text separated by commas.
  package init(_ texts: [String]) throws(Problem) {
    var matchers: [Matcher] = []
    for text in texts {
      guard text.utf8.count <= Self.bytesMax else {
        throw Problem(description: "a matcher has at most \(Self.bytesMax) bytes")
      }
      for part in Self.parts(text) { matchers.append(try Self.matcher(part)) }
    }
    guard matchers.count <= Self.countMax else {
      throw Problem(description: "at most \(Self.countMax) matchers")
    }
    conditions = matchers
  }

  /// Whether every condition holds; a label that is missing counts as empty. No conditions hold for everything.
  package func matches(_ labels: Labels) -> Bool {
    conditions.allSatisfy { $0.matches(labels[$0.name] ?? "") }
  }

  /// Whether they hold for a label set without labels: such a silence or inhibition would reach everything.
  package var matchesEmpty: Bool { conditions.allSatisfy { $0.matches("") } }

  /// `{a="b",c=~"d.*"}`, sorted, as Alertmanager prints it.
  package var description: String { "{" + texts.sorted().joined(separator: ",") + "}" }

  /// Each condition with its value quoted.
  package var texts: [String] {
    conditions.map { "\($0.name)\($0.operation.rawValue)\(GoFormat.format("%q", [.text($0.value)]))" }
  }

  // MARK: Reading

  /// Splits at commas outside quotes, without outer braces.
  private static func parts(_ text: String) -> [Substring] {
    var rest = trimmed(text[...])
    if rest.hasPrefix("{"), rest.hasSuffix("}") { rest = rest.dropFirst().dropLast() }
    var parts: [Substring] = []
    var start = rest.startIndex
    var isQuoted = false
    var isEscaped = false
    for index in rest.indices {
      let character = rest[index]
      if isEscaped {
        isEscaped = false
      } else if character == "\\", isQuoted {
        isEscaped = true
      } else if character == "\"" {
        isQuoted.toggle()
      } else if character == ",", !isQuoted {
        parts.append(rest[start..<index])
        start = rest.index(after: index)
      }
    }
    parts.append(rest[start...])
    return parts.map(trimmed).filter { !$0.isEmpty }
  }

  private static func matcher(_ text: Substring) throws(Problem) -> Matcher {
    let name = text.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == ":") }
    guard RuleName.isMetric(String(name)) else {
      throw Problem(description: "\"\(text)\" does not begin with a label's name; write e.g. severity=\"critical\"")
    }
    let rest = trimmed(text[name.endIndex...])
    let operations: [Matcher.Operation] = [.matches, .doesNotMatch, .notEqual, .equal]
    guard let operation = operations.first(where: { rest.hasPrefix($0.rawValue) }) else {
      throw Problem(description: "\"\(text)\" has no operator; write =, !=, =~ or !~ after \(name)")
    }
    let value = try value(trimmed(rest.dropFirst(operation.rawValue.count)), of: text)
    do throws(RegexError) {
      return try Matcher(String(name), operation, value)
    } catch {
      throw Problem(description: "the regular expression of \(name) is refused: \(error)")
    }
  }

  private static func value(_ text: Substring, of whole: Substring) throws(Problem) -> String {
    guard text.hasPrefix("\"") else {
      guard !text.contains("\"") else { throw Problem(description: "\"\(whole)\" has a quote in the middle") }
      return String(text)
    }
    guard text.count >= 2, text.hasSuffix("\"") else { throw Problem(description: "\(whole) lacks its closing quote") }
    var value = ""
    var isEscaped = false
    for character in text.dropFirst().dropLast() {
      if isEscaped {
        switch character {
        case "n": value.append("\n")
        case "\"", "\\": value.append(character)
        default: value += "\\\(character)"  // regular expressions have escapes of their own
        }
        isEscaped = false
      } else if character == "\\" {
        isEscaped = true
      } else if character == "\"" {
        throw Problem(description: "\(whole) has a quote in the middle")
      } else {
        value.append(character)
      }
    }
    guard !isEscaped else { throw Problem(description: "\(whole) lacks its closing quote") }
    return value
  }

  private static func trimmed(_ text: Substring) -> Substring {
    var text = text
    while text.first?.isWhitespace == true { text.removeFirst() }
    while text.last?.isWhitespace == true { text.removeLast() }
    return text
  }
}
