/// A `.test` script: loads series, evaluates queries, states their results.
///
/// The format is Prometheus': an empty line ends a block, times are durations from 0. Both the dialect of 2.42
/// (`eval_fail instant`) and what we use of 3.x (`eval range`, `expect fail`) are read.
package struct Script {
  let commands: [Command]

  enum Command {
    case clear
    case load(interval: Int64, [SeriesNotation])
    case evaluate(ScriptCase)
  }

  package struct SyntaxError: Error, CustomStringConvertible {
    let line: Int
    let message: String
    package var description: String { "line \(line): \(message)" }
  }

  /// Largest script read.
  package static let bytesMax = 4 * 1024 * 1024

  /// Throws `SyntaxError`, or what is wrong with a series or a duration.
  package init(_ text: String) throws {
    var reader = ScriptReader(text)
    commands = try reader.commands()
  }
}

/// One `eval` of a script.
struct ScriptCase {
  let line: Int
  let query: String
  var times: ClosedRange<Int64>
  /// 0 for an instant query.
  var step: Int64 = 0
  var expectsFailure = false
  var isOrdered = false
  var expectedSeries: [SeriesNotation] = []
  var expectedScalar: Double?
  var expectedString: String?
}

/// Reads a script line by line.
private struct ScriptReader {
  private let lines: [String]
  private var next = 0

  init(_ text: String) {
    lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      let trimmed = String(line).trimmed
      return trimmed.hasPrefix("#") ? "" : trimmed
    }
  }

  mutating func commands() throws -> [Script.Command] {
    var commands: [Script.Command] = []
    while next < lines.count {
      let line = lines[next]
      next += 1
      if line.isEmpty { continue }
      switch line.firstWord {
      case "clear": commands.append(.clear)
      case "load": commands.append(try load(line))
      case let word where word.hasPrefix("eval"): commands.append(.evaluate(try evaluation(line)))
      default: throw error("unknown command \(line)")
      }
    }
    return commands
  }

  private func error(_ message: String) -> Script.SyntaxError {
    Script.SyntaxError(line: next, message: message)
  }

  /// The lines up to the next empty one.
  private mutating func block() -> [String] {
    var block: [String] = []
    while next < lines.count, !lines[next].isEmpty {
      block.append(lines[next])
      next += 1
    }
    return block
  }

  private mutating func load(_ line: String) throws -> Script.Command {
    guard line.words.count > 1 else { throw error("load needs an interval") }
    let interval = try duration(line.words[1])
    return .load(interval: interval, try block().map { try SeriesNotation($0) })
  }

  private mutating func evaluation(_ line: String) throws -> ScriptCase {
    let number = next
    var rest = line.afterFirstWord
    let verb = line.firstWord
    let isRange = rest.firstWord == "range"
    rest = rest.afterFirstWord
    var test: ScriptCase
    if isRange {
      let words = rest.words
      guard words.count > 6 else { throw error("a range needs from, to and step") }
      let (from, to, step) = (try duration(words[1]), try duration(words[3]), try duration(words[5]))
      for _ in 0..<6 { rest = rest.afterFirstWord }
      test = ScriptCase(line: number, query: rest, times: from...to, step: step)
    } else {
      var time: Int64 = 0
      if rest.firstWord == "at" {
        guard rest.words.count > 2 else { throw error("at needs a time and a query") }
        time = try duration(rest.words[1])
        rest = rest.afterFirstWord.afterFirstWord
      }
      test = ScriptCase(line: number, query: rest, times: time...time)
    }
    test.expectsFailure = verb == "eval_fail"
    test.isOrdered = verb == "eval_ordered"
    for expectation in block() { try read(expectation, into: &test) }
    return test
  }

  private func read(_ line: String, into test: inout ScriptCase) throws {
    if line.firstWord == "expect" {
      guard line.words.count > 1 else { throw error("expect needs what") }
      switch line.words[1] {
      case "fail": test.expectsFailure = true
      case "ordered": test.isOrdered = true
      case "string": test.expectedString = try StringValue.read(string: line.afterFirstWord.afterFirstWord)
      case "warn", "info", "no_warn", "no_info": break
      default: throw error("unsupported expectation \(line)")
      }
    } else if let number = GoFloat.parseLiteral(line) {
      test.expectedScalar = number
    } else {
      test.expectedSeries.append(try SeriesNotation(line))
    }
  }

  private func duration(_ text: String) throws -> Int64 {
    if text == "0" { return 0 }
    if let seconds = Double(text) { return Int64(seconds * 1000) }
    return try DurationText.parse(Array(text.utf8)).get()
  }
}

extension StringValue {
  fileprivate static func read(string: String) throws -> String {
    let bytes = Array(string.utf8)
    return try read(0..<bytes.count, of: bytes)
  }
}

extension String {
  fileprivate var trimmed: String {
    String(drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
  }
  fileprivate var words: [String] { split(whereSeparator: \.isWhitespace).map(String.init) }
  fileprivate var firstWord: String { words.first?.lowercased() ?? "" }
  fileprivate var afterFirstWord: String {
    String(drop { !$0.isWhitespace }).trimmed
  }
}
