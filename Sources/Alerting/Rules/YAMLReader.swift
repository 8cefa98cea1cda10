import ControlModel
import Yams

/// Reads YAML nodes with the position of what is wrong.
struct YAMLReader {
  let file: String
  private let text: String

  init(file: String, text: String) {
    self.file = file
    self.text = text
  }

  /// The document; nil when the file has none, or an empty one.
  func root(bytesMax: Int) throws(RuleFileProblem) -> Node? {
    guard text.utf8.count <= bytesMax else {
      throw RuleFileProblem(file: file, line: 1, column: 1, message: "the file is larger than \(bytesMax) bytes")
    }
    do {
      return try Yams.compose(yaml: text).flatMap { $0.null == nil ? $0 : nil }
    } catch let error as YamlError {
      throw problem(from: error)
    } catch {
      throw RuleFileProblem(file: file, line: 1, column: 1, message: "\(error)")
    }
  }

  private func problem(from error: YamlError) -> RuleFileProblem {
    func at(_ mark: Mark, _ message: String) -> RuleFileProblem {
      RuleFileProblem(file: file, line: mark.line, column: mark.column, message: message)
    }
    switch error {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      return at(mark, problem)
    case .duplicatedKeysInMapping(let keys, let context):
      return at(context.mark, "the key \"\(keys.first ?? "")\" is given twice")
    default: return RuleFileProblem(file: file, line: 1, column: 1, message: "the file is not valid YAML")
    }
  }

  func line(_ node: Node) -> Int { node.mark?.line ?? 1 }

  func problem(_ node: Node, _ message: String) -> RuleFileProblem {
    RuleFileProblem(file: file, line: node.mark?.line ?? 1, column: node.mark?.column ?? 1, message: message)
  }

  func pairs(_ node: Node) throws(RuleFileProblem) -> [(String, Node)] {
    guard let mapping = node.mapping else { throw problem(node, "a mapping is wanted here") }
    var pairs: [(String, Node)] = []
    for (key, value) in mapping {
      guard let name = key.string else { throw problem(key, "a key is a string") }
      pairs.append((name, value))
    }
    return pairs
  }

  func mapping(_ node: Node, allowed: [String]) throws(RuleFileProblem) -> [String: Node] {
    guard let mapping = node.mapping else { throw problem(node, "a mapping is wanted here") }
    var fields: [String: Node] = [:]
    for (key, value) in mapping {
      guard let name = key.string, allowed.contains(name) else {
        throw problem(key, "unknown key \"\(key.string ?? "")\"; known are \(allowed.joined(separator: ", "))")
      }
      if value.null == nil { fields[name] = value }
    }
    return fields
  }

  func sequence(_ node: Node, _ name: String) throws(RuleFileProblem) -> [Node] {
    if node.null != nil { return [] }
    guard let sequence = node.sequence else { throw problem(node, "\(name) is a list") }
    return Array(sequence)
  }

  func string(_ node: Node, _ name: String) throws(RuleFileProblem) -> String {
    guard let scalar = node.scalar else { throw problem(node, "\(name) is a string") }
    return scalar.string
  }

  /// A string that is not empty.
  func name(_ node: Node, _ what: String) throws(RuleFileProblem) -> String {
    let text = try string(node, what)
    guard !text.isEmpty else { throw problem(node, "\(what) is empty") }
    return text
  }

  func count(_ node: Node?, _ name: String) throws(RuleFileProblem) -> Int? {
    guard let node else { return nil }
    guard let count = Int(try string(node, name)), count >= 0 else { throw problem(node, "\(name) is a whole number") }
    return count
  }

  /// A Prometheus duration such as `1h30m`, in milliseconds.
  func duration(_ node: Node?) throws(RuleFileProblem) -> Int64? {
    guard let node else { return nil }
    let text = try string(node, "a duration")
    guard let milliseconds = DurationSetting.milliseconds(text) else {
      throw problem(node, "\"\(text)\" is not a duration; write e.g. 30s, 5m or 1h30m")
    }
    return milliseconds
  }

  // MARK: Positions

  /// Where in the file the byte at `utf8Offset` of a scalar's value stands.
  ///
  /// YAML folds lines, strips indentation and unescapes, but neither adds nor removes anything else than white space: the
  /// n-th character that is no white space in the value is the n-th one in the file.
  func position(in node: Node, _ value: String, utf8Offset: Int) -> (line: Int, column: Int) {
    let start = (line: node.mark?.line ?? 1, column: node.mark?.column ?? 1)
    guard let scalar = node.scalar else { return start }
    let before = value.utf8.prefix(utf8Offset)
    var toPass = String(decoding: before, as: UTF8.self).unicodeScalars.count { !$0.properties.isWhitespace }
    let isAtEnd = value.utf8.dropFirst(utf8Offset).allSatisfy { $0 <= 0x20 }
    var cursor = FileCursor(text, line: start.line, column: start.column)
    switch scalar.style {
    case .literal, .folded: cursor.skipLine()
    case .singleQuoted, .doubleQuoted: cursor.skip()
    default: break
    }
    while toPass > 0, cursor.next != nil {
      if cursor.passCharacter(scalar.style) { toPass -= 1 }
    }
    if !isAtEnd { while cursor.next?.properties.isWhitespace == true { cursor.skip() } }
    return (cursor.line, cursor.column)
  }
}

/// Walks a file's text, counting lines and columns from 1.
private struct FileCursor {
  private var rest: Substring.UnicodeScalarView
  private(set) var line: Int
  private(set) var column: Int

  init(_ text: String, line: Int, column: Int) {
    let lines = text.unicodeScalars.split(separator: "\n", maxSplits: line - 1, omittingEmptySubsequences: false)
    rest = (lines.count == line ? lines[line - 1] : "".unicodeScalars[...]).dropFirst(column - 1)
    self.line = line
    self.column = column
  }

  var next: Unicode.Scalar? { rest.first }

  mutating func skip() {
    guard let passed = rest.popFirst() else { return }
    if passed == "\n" {
      line += 1
      column = 1
    } else {
      column += 1
    }
  }

  mutating func skipLine() {
    while let passed = next {
      skip()
      if passed == "\n" { return }
    }
  }

  /// Passes what stands for one character of the value. False when that is white space.
  mutating func passCharacter(_ style: Node.Scalar.Style) -> Bool {
    guard let first = next else { return false }
    skip()
    if style == .singleQuoted, first == "'", next == "'" { skip() }
    if style == .doubleQuoted, first == "\\", let escaped = next {
      skip()
      return !"ntr \n".unicodeScalars.contains(escaped)
    }
    return !first.properties.isWhitespace
  }
}
