/// A regular expression that must match the whole of a label's value. Safe to use from any thread.
struct AnchoredRegex: Sendable {
  private let strategy: Strategy

  private enum Strategy {
    case shortcut(RegexShortcut)
    case program(RegexProgram, prefix: [UInt8])
  }

  /// - Throws: a pattern that is malformed, unsupported or too large.
  init(_ pattern: String) throws(RegexError) {
    var parser = RegexParser(pattern)
    let node = try parser.parse()
    if let shortcut = RegexShortcut(node) {
      strategy = .shortcut(shortcut)
    } else {
      strategy = .program(
        try RegexProgram(node, captureNames: parser.captureNames), prefix: RegexShortcut.literalPrefix(node))
    }
  }

  func matches(_ text: UnsafeRawBufferPointer) -> Bool {
    switch strategy {
    case .shortcut(let shortcut): return shortcut.matches(text)
    case .program(let program, let prefix):
      guard text.starts(with: prefix) else { return false }
      var machine = RegexMachine(program, capturing: false)
      return machine.run(text, spending: { _ in }) != nil
    }
  }

  /// Instructions it compiled to, 0 if it needs none.
  var instructions: Int {
    if case .program(let program, _) = strategy { program.instructions.count } else { 0 }
  }

  /// Every text that matches, if they can be listed.
  var literals: [String]? {
    guard case .shortcut(.literals(let literals)) = strategy else { return nil }
    return literals.map { String(decoding: $0, as: UTF8.self) }
  }
}
