import PromQL

/// What has to hold of a runbook, so that it can be followed at night: its sections, its queries, its commands.
package enum RunbookLint {
  package static let sections = [
    "Meaning", "Impact", "First 60 seconds", "Diagnosis", "Contain", "Verify", "Escalate",
  ]

  /// One fenced block of code.
  package struct Block: Sendable, Equatable {
    package let language: String
    package let text: String
    /// The heading above it.
    package let section: String
    /// Of its first line of code.
    package let line: Int
  }

  /// Blocks of code in the order of the text.
  package static func blocks(_ markdown: String) -> [Block] {
    var blocks: [Block] = []
    var section = ""
    var open: (language: String, lines: [Substring], line: Int)?
    for (index, line) in markdown.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      if line.hasPrefix("```") {
        if let block = open {
          blocks.append(
            Block(
              language: block.language, text: block.lines.joined(separator: "\n"), section: section, line: block.line))
          open = nil
        } else {
          open = (String(line.dropFirst(3)), [], index + 2)
        }
      } else if open != nil {
        open?.lines.append(line)
      } else if line.hasPrefix("## ") {
        section = String(line.dropFirst(3))
      }
    }
    return blocks
  }

  /// Everything wrong with the runbook of `alert`, each with its line.
  ///
  /// - Parameter metrics: names that may be queried, without the suffixes of histograms.
  package static func problems(_ markdown: String, alert: String, metrics: Set<String>) -> [String] {
    var problems: [String] = []
    let lines = markdown.split(separator: "\n", omittingEmptySubsequences: false)
    if !lines.contains("alert: \(alert)") { problems.append("1: the front matter does not say alert: \(alert)") }
    if !lines.contains("# \(alert)") { problems.append("1: there is no title # \(alert)") }
    for section in sections where !lines.contains("## \(section)") {
      problems.append("1: the section \(section) is missing")
    }
    let blocks = blocks(markdown)
    for section in ["Meaning", "Verify"] {
      let isThere = blocks.contains { $0.section == section && $0.language == "promql" }
      if !isThere { problems.append("1: \(section) has no promql block") }
    }
    for block in blocks where block.language == "promql" {
      problems += queryProblems(block, metrics)
    }
    return problems
  }

  private static func queryProblems(_ block: Block, _ metrics: Set<String>) -> [String] {
    // Slots stand for values of labels, within quotes.
    let text = block.text.replacing(/\{\{\s*\w+\s*\}\}/, with: "slot")
    do throws(ParseError) {
      let expression = try Expression(text)
      guard let names = expression.metricNames else { return ["\(block.line): a selector does not name its metric"] }
      return names.sorted().filter { !isKnown($0, metrics) }.map { "\(block.line): there is no metric \($0)" }
    } catch {
      return ["\(block.line): \(error.message)"]
    }
  }

  private static func isKnown(_ name: String, _ metrics: Set<String>) -> Bool {
    if metrics.contains(name) || name.contains(":") || name == "ALERTS" { return true }
    return ["_bucket", "_sum", "_count"].contains {
      name.hasSuffix($0) && metrics.contains(String(name.dropLast($0.count)))
    }
  }
}
