/// What most regular expressions of real rules come down to, matched without the machine.
enum RegexShortcut: Equatable, Sendable {
  /// `a|b|c`, `5(00|02)`: sorted.
  case literals([[UInt8]])
  /// `prefix.*suffix` or `prefix.+suffix`; prefix and suffix may be empty.
  case between(prefix: [UInt8], suffix: [UInt8], middleBytesMin: Int)

  /// Most texts `literals` holds by multiplying classes and alternatives; a plain alternation may be longer.
  private static let productMax = 1000
  /// Most bytes of all texts of `literals`, twice the longest query.
  private static let languageBytesMax = 1 << 18

  init?(_ node: RegexNode) {
    if let literals = Self.language(node) {
      self = .literals(literals.sorted { $0.lexicographicallyPrecedes($1) })
      return
    }
    let parts: [RegexNode] = if case .concatenation(let parts) = node { parts } else { [node] }
    let wildcards = parts.indices.filter { Self.wildcardMin(parts[$0]) != nil }
    if wildcards.count == 1, let minimum = Self.wildcardMin(parts[wildcards[0]]),
      let prefix = Self.literal(parts[..<wildcards[0]]), let suffix = Self.literal(parts[(wildcards[0] + 1)...])
    {
      self = .between(prefix: prefix, suffix: suffix, middleBytesMin: minimum)
    } else {
      return nil
    }
  }

  func matches(_ text: UnsafeRawBufferPointer) -> Bool {
    switch self {
    case .literals(let literals): return Self.contains(literals, text)
    case .between(let prefix, let suffix, let middleBytesMin):
      guard text.count >= prefix.count + suffix.count + middleBytesMin else { return false }
      return text.starts(with: prefix) && text[(text.count - suffix.count)...].elementsEqual(suffix)
    }
  }

  /// The bytes every match must start with.
  static func literalPrefix(_ node: RegexNode) -> [UInt8] {
    let parts: [RegexNode] = if case .concatenation(let parts) = node { parts } else { [node] }
    var prefix: [UInt8] = []
    for part in parts {
      guard case .scalar(let scalar, foldsCase: false) = part, let bytes = utf8(scalar) else { break }
      prefix += bytes
    }
    return prefix
  }

  /// Every text a node matches, if there are few.
  private static func language(_ node: RegexNode) -> [[UInt8]]? {
    switch node {
    case .empty: return [[]]
    case .scalar(let scalar, let foldsCase):
      let variants = foldsCase ? CaseFolding.variants(of: scalar) : [scalar]
      return variants.compactMap(utf8)
    case .set(let set): return set.members(countMax: 32)?.compactMap(utf8)
    case .capture(let inner, _): return language(inner)
    case .alternation(let alternatives):
      var all: [[UInt8]] = []
      var bytes = 0
      for alternative in alternatives {
        guard let texts = language(alternative) else { return nil }
        bytes += texts.reduce(0) { $0 + $1.count }
        guard bytes <= languageBytesMax else { return nil }
        all += texts
      }
      return all
    case .concatenation(let parts):
      return product(parts)
    case .repetition(let inner, min: 0, max: 1, _): return language(inner).map { $0 + [[]] }
    case .repetition, .assertion: return nil
    }
  }

  /// Every text a sequence matches. Parts with one text are joined first, so that a long literal costs its length.
  private static func product(_ parts: [RegexNode]) -> [[UInt8]]? {
    var heads: [[UInt8]] = [[]]
    var tail: [UInt8] = []
    for part in parts {
      guard let texts = language(part) else { return nil }
      if texts.count == 1 {
        tail += texts[0]
        continue
      }
      let count = heads.count * texts.count
      guard heads.count == 1 || count <= productMax, count * (heads[0].count + tail.count) <= languageBytesMax
      else { return nil }
      heads = heads.flatMap { head in texts.map { head + tail + $0 } }
      tail = []
    }
    guard heads.count * tail.count <= languageBytesMax else { return nil }
    return heads.map { $0 + tail }
  }

  private static func literal(_ parts: ArraySlice<RegexNode>) -> [UInt8]? {
    var bytes: [UInt8] = []
    for part in parts {
      guard case .scalar(let scalar, foldsCase: false) = part, let encoded = utf8(scalar) else { return nil }
      bytes += encoded
    }
    return bytes
  }

  /// Least bytes of `.*` or `.+`; `nil` for any other node.
  private static func wildcardMin(_ node: RegexNode) -> Int? {
    switch node {
    case .repetition(.set(.all), let min, max: nil, _) where min <= 1: min
    case .capture(let inner, _): wildcardMin(inner)
    default: nil
    }
  }

  private static func utf8(_ scalar: UInt32) -> [UInt8]? {
    Unicode.Scalar(scalar).flatMap(UTF8.encode).map(Array.init)
  }

  private static func contains(_ sorted: [[UInt8]], _ text: UnsafeRawBufferPointer) -> Bool {
    var (low, high) = (0, sorted.count)
    while low < high {
      let middle = (low + high) / 2
      let order = sorted[middle].withUnsafeBytes { compareBytes($0, text) }
      if order == 0 { return true }
      if order < 0 { low = middle + 1 } else { high = middle }
    }
    return false
  }
}
