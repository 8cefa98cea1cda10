/// The syntax tree of a regular expression. Every node but `empty` compiles to at least one instruction, so that the
/// bound on instructions also bounds the work of compiling.
indirect enum RegexNode: Equatable {
  case empty
  case scalar(UInt32, foldsCase: Bool)
  case set(ScalarSet)
  case assertion(RegexAssertion)
  case concatenation([RegexNode])
  case alternation([RegexNode])
  case repetition(RegexNode, min: Int, max: Int?, isLazy: Bool)
  /// A capturing group, numbered from 1.
  case capture(RegexNode, index: Int)

  /// The concatenation of `parts` without what is empty.
  static func sequence(_ parts: [RegexNode]) -> RegexNode {
    let parts = parts.filter { $0 != .empty }
    return parts.isEmpty ? .empty : parts.count == 1 ? parts[0] : .concatenation(parts)
  }

  static func choice(_ alternatives: [RegexNode]) -> RegexNode {
    alternatives.count == 1 ? alternatives[0] : .alternation(alternatives)
  }

  static func repeating(_ node: RegexNode, min: Int, max: Int?, isLazy: Bool) -> RegexNode {
    if node == .empty || max == 0 { return .empty }
    return .repetition(node, min: min, max: max, isLazy: isLazy)
  }
}

extension RegexNode {
  /// Whether it can match nothing.
  var isNullable: Bool {
    switch self {
    case .empty, .assertion: true
    case .scalar, .set: false
    case .concatenation(let parts): parts.allSatisfy(\.isNullable)
    case .alternation(let alternatives): alternatives.contains(where: \.isNullable)
    case .repetition(let inner, let min, _, _): min == 0 || inner.isNullable
    case .capture(let inner, _): inner.isNullable
    }
  }
}

/// A condition on a place between characters.
enum RegexAssertion: Equatable, Sendable {
  case textStart, textEnd, lineStart, lineEnd, wordBoundary, notWordBoundary

  /// `before` and `after` are the characters around the place, `nil` at the ends of the text.
  func holds(before: UInt32?, after: UInt32?) -> Bool {
    switch self {
    case .textStart: before == nil
    case .textEnd: after == nil
    case .lineStart: before == nil || before == 0x0A
    case .lineEnd: after == nil || after == 0x0A
    case .wordBoundary: Self.isWord(before) != Self.isWord(after)
    case .notWordBoundary: Self.isWord(before) == Self.isWord(after)
    }
  }

  private static func isWord(_ scalar: UInt32?) -> Bool {
    scalar.map { ScalarSet.word.contains($0) } ?? false
  }
}
