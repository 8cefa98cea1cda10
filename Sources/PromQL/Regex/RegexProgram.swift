/// A regular expression compiled for the machine: Thompson's construction.
struct RegexProgram: Sendable {
  fileprivate(set) var instructions: [Instruction] = []
  /// Positions the machine records: two for each capturing group, group 0 first.
  let slots: Int
  let captureNames: [String?]

  /// Most instructions. A match costs at most this many steps per character; `[a-z]{1,63}(\.[a-z]{1,63}){1,8}`, a host
  /// name, takes 1,159.
  static let instructionsMax = 8192

  enum Instruction: Sendable {
    case scalar(UInt32)
    case set(ScalarSet)
    case assertion(RegexAssertion)
    /// Goes on at both, preferring the first.
    case split(Int, Int)
    case jump(Int)
    case save(slot: Int)
    case match
  }

  /// - Throws: a pattern that is malformed, unsupported or too large.
  init(_ pattern: String) throws(RegexError) {
    var parser = RegexParser(pattern)
    try self.init(parser.parse(), captureNames: parser.captureNames)
  }

  init(_ node: RegexNode, captureNames: [String?] = [nil]) throws(RegexError) {
    slots = captureNames.count * 2
    self.captureNames = captureNames
    try emit(.capture(node, index: 0))
    try append(.match)
  }
}

extension RegexProgram {
  private mutating func append(_ instruction: Instruction) throws(RegexError) {
    guard instructions.count < Self.instructionsMax else { throw .tooLarge }
    instructions.append(instruction)
  }

  private mutating func emit(_ node: RegexNode) throws(RegexError) {
    switch node {
    case .empty: break
    case .scalar(let scalar, let foldsCase):
      if foldsCase, CaseFolding.variants(of: scalar).count > 1 {
        try append(.set(ScalarSet(CaseFolding.variants(of: scalar).map { $0...$0 })))
      } else {
        try append(.scalar(scalar))
      }
    case .set(let set): try append(.set(set))
    case .assertion(let assertion): try append(.assertion(assertion))
    case .concatenation(let parts): for part in parts { try emit(part) }
    case .alternation(let alternatives): try emitAlternation(alternatives)
    case .capture(let inner, let index):
      try append(.save(slot: index * 2))
      try emit(inner)
      try append(.save(slot: index * 2 + 1))
    case .repetition(let inner, let min, let max, let isLazy):
      try emitRepetition(of: inner, min: min, max: max, isLazy: isLazy)
    }
  }

  private mutating func emitAlternation(_ alternatives: [RegexNode]) throws(RegexError) {
    var jumps: [Int] = []
    for (index, alternative) in alternatives.enumerated() {
      if index == alternatives.count - 1 {
        try emit(alternative)
        break
      }
      let split = instructions.count
      try append(.split(split + 1, 0))
      try emit(alternative)
      jumps.append(instructions.count)
      try append(.jump(0))
      instructions[split] = .split(split + 1, instructions.count)
    }
    for jump in jumps { instructions[jump] = .jump(instructions.count) }
  }

  private mutating func emitRepetition(
    of node: RegexNode, min: Int, max: Int?, isLazy: Bool
  ) throws(RegexError) {
    guard let max else {
      for _ in 0..<Swift.max(0, min - 1) { try emit(node) }
      if min == 0 { return try emitStar(of: node, isLazy: isLazy) }
      return try emitPlus(of: node, isLazy: isLazy)
    }
    for _ in 0..<min { try emit(node) }
    var splits: [Int] = []
    for _ in min..<max {
      splits.append(instructions.count)
      try append(.split(0, 0))
      try emit(node)
    }
    for split in splits { setSplit(split, into: split + 1, past: instructions.count, isLazy: isLazy) }
  }

  /// Once, then again as often as wanted.
  private mutating func emitPlus(of node: RegexNode, isLazy: Bool) throws(RegexError) {
    let start = instructions.count
    try emit(node)
    let split = instructions.count
    try append(.split(0, 0))
    setSplit(split, into: start, past: split + 1, isLazy: isLazy)
  }

  /// As often as wanted. What can match nothing is repeated as `(node+)?`: in a plain loop the empty match would hide
  /// alternatives that are preferred, as it once did in RE2.
  private mutating func emitStar(of node: RegexNode, isLazy: Bool) throws(RegexError) {
    let split = instructions.count
    try append(.split(0, 0))
    if node.isNullable {
      try emitPlus(of: node, isLazy: isLazy)
    } else {
      try emit(node)
      try append(.jump(split))
    }
    setSplit(split, into: split + 1, past: instructions.count, isLazy: isLazy)
  }

  private mutating func setSplit(_ split: Int, into: Int, past: Int, isLazy: Bool) {
    instructions[split] = isLazy ? .split(past, into) : .split(into, past)
  }
}
