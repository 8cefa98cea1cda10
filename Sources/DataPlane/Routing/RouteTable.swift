/// All routes of one listener. Endpoints match whole paths segment by segment; forwarded prefixes match the longest first.
package final class RouteTable: Sendable {
  package let routes: [Route]
  private let byDepth: [[Candidate]]
  /// Forwarded routes, the longest template first.
  private let prefixes: [(template: [UInt8], index: Int, hasParameters: Bool)]
  private let patterns: [[Segment]]

  /// A route of some depth, and how its first segment begins, which tells most routes apart. Nil begins with a parameter.
  private struct Candidate: Sendable {
    let index: Int
    let start: UInt64?
  }

  private enum Segment: Sendable {
    case literal([UInt8])
    case parameter(String)
    /// Everything that is left, at least one segment; last in its pattern.
    case rest(String)
  }

  package enum Match {
    case found(index: Int)
    case methodNotAllowed(allowed: [Method])
    case unknown
  }

  /// Most segments of a path that endpoints match.
  static let depthMax = 12

  package init(_ routes: [Route]) {
    self.routes = routes
    patterns = routes.map { Self.segments(of: $0.template) }
    var byDepth = Array(repeating: [Candidate](), count: Self.depthMax + 1)
    var prefixes: [(template: [UInt8], index: Int, hasParameters: Bool)] = []
    for (index, route) in routes.enumerated() {
      var start: UInt64?
      if case .literal(let literal)? = patterns[index].first { start = Self.start(of: literal.span, 0..<literal.count) }
      let candidate = Candidate(index: index, start: start)
      if case .forward = route.action {
        prefixes.append((Array(route.template.utf8), index, route.template.contains("{")))
      } else if case .rest? = patterns[index].last {
        for depth in patterns[index].count...Self.depthMax { byDepth[depth].append(candidate) }
      } else {
        byDepth[patterns[index].count].append(candidate)
      }
    }
    self.byDepth = byDepth
    self.prefixes = prefixes.sorted { $0.template.count > $1.template.count }
  }

  /// The methods a route that names none answers. Others, such as TRACE, which would show a client the headers added on
  /// the way, go nowhere.
  private static let everyMethod = Method.allCases.filter { $0 != .other }

  /// The route of `path` for `method`; a HEAD is answered by the GET route. Of several rows that match, the first counts.
  func match(_ method: Method, _ bytes: Span<UInt8>, _ path: Range<Int>) -> Match {
    let depth = Self.depth(bytes, path)
    var allowed: [Method] = []
    if depth <= Self.depthMax {
      let start = Self.start(of: bytes, path.dropFirst())
      for candidate in byDepth[depth] where candidate.start == nil || candidate.start == start {
        let index = candidate.index
        guard matches(patterns[index], bytes, path) else { continue }
        if answers(routes[index], method) { return .found(index: index) }
        allowed += routes[index].method.map { [$0] } ?? Self.everyMethod
      }
    }
    guard allowed.isEmpty else { return .methodNotAllowed(allowed: allowed) }
    for (template, index, hasParameters) in prefixes
    where hasParameters ? begins(with: patterns[index], bytes, path) : hasPrefix(template, bytes, path) {
      if answers(routes[index], method) { return .found(index: index) }
      return .methodNotAllowed(allowed: routes[index].method.map { [$0] } ?? Self.everyMethod)
    }
    return .unknown
  }

  /// Up to eight bytes of the segment at the start of `range`.
  private static func start(of bytes: Span<UInt8>, _ range: Range<Int>) -> UInt64 {
    var start: UInt64 = 0
    var index = range.lowerBound
    let end = min(range.upperBound, index + 8)
    while index < end, bytes[index] != slash {
      start = start << 8 | UInt64(bytes[index])
      index += 1
    }
    return start
  }

  private func answers(_ route: Route, _ method: Method) -> Bool {
    guard let wanted = route.method else { return method != .other }
    return wanted == method || (wanted == .get && method == .head)
  }

  /// The values of the template's parameters, percent-decoded.
  func parameters(of index: Int, _ bytes: Span<UInt8>, _ path: Range<Int>) -> [String: String] {
    var values: [String: String] = [:]
    var position = path.lowerBound
    for segment in patterns[index] {
      var end = position + 1
      if case .rest = segment { end = path.upperBound }
      while end < path.upperBound, bytes[end] != slash { end += 1 }
      switch segment {
      case .literal: break
      case .parameter(let name), .rest(let name): values[name] = PercentCoding.decoded(bytes, (position + 1)..<end)
      }
      position = end
    }
    return values
  }

  private static func segments(of template: String) -> [Segment] {
    template.split(separator: "/").map { part in
      guard part.hasPrefix("{"), part.hasSuffix("}") else { return .literal(Array(part.utf8)) }
      let name = part.dropFirst().dropLast()
      return name.hasSuffix("*") ? .rest(String(name.dropLast())) : .parameter(String(name))
    }
  }

  private static func depth(_ bytes: Span<UInt8>, _ path: Range<Int>) -> Int {
    if path.count == 1 { return 0 }
    var count = 0
    for index in path where bytes[index] == slash { count += 1 }
    return count
  }

  private func matches(_ pattern: [Segment], _ bytes: Span<UInt8>, _ path: Range<Int>) -> Bool {
    var position = path.lowerBound
    for segment in pattern {
      var end = position + 1
      while end < path.upperBound, bytes[end] != slash { end += 1 }
      switch segment {
      case .literal(let literal):
        guard literal.count == end - position - 1 else { return false }
        for offset in 0..<literal.count where bytes[position + 1 + offset] != literal[offset] { return false }
      case .parameter: if end == position + 1 { return false }
      case .rest: return end > position + 1
      }
      position = end
    }
    return true
  }

  /// Whether the first segments are those of the pattern.
  private func begins(with pattern: [Segment], _ bytes: Span<UInt8>, _ path: Range<Int>) -> Bool {
    var end = path.lowerBound
    for _ in pattern {
      guard end < path.upperBound else { return false }
      end += 1
      while end < path.upperBound, bytes[end] != slash { end += 1 }
    }
    return matches(pattern, bytes, path.lowerBound..<end)
  }

  /// A prefix matches at a segment boundary only: `/api/v1/market` is not a prefix of `/api/v1/marketing`.
  private func hasPrefix(_ prefix: [UInt8], _ bytes: Span<UInt8>, _ path: Range<Int>) -> Bool {
    guard prefix.count <= path.count else { return false }
    for offset in 0..<prefix.count where bytes[path.lowerBound + offset] != prefix[offset] { return false }
    return prefix.count == path.count || prefix.last == slash || bytes[path.lowerBound + prefix.count] == slash
  }
}

/// Percent-decoding of path segments and form values (RFC 3986 §2.1).
package enum PercentCoding {
  static func decoded(_ bytes: Span<UInt8>, _ range: Range<Int>) -> String {
    var out: [UInt8] = []
    out.reserveCapacity(range.count)
    for index in range { out.append(bytes[index]) }
    return decoded(out, plusIsSpace: false)
  }

  /// Invalid escapes are kept as they are; bytes that are not UTF-8 become U+FFFD.
  package static func decoded(_ bytes: some Sequence<UInt8>, plusIsSpace: Bool) -> String {
    let source = Array(bytes)
    var out: [UInt8] = []
    out.reserveCapacity(source.count)
    var index = 0
    while index < source.count {
      let byte = source[index]
      if byte == UInt8(ascii: "%"), index + 2 < source.count, let high = TargetSyntax.hexDigit(source[index + 1]),
        let low = TargetSyntax.hexDigit(source[index + 2])
      {
        out.append(high << 4 | low)
        index += 3
      } else {
        out.append(byte == UInt8(ascii: "+") && plusIsSpace ? space : byte)
        index += 1
      }
    }
    return String(decoding: out, as: UTF8.self)
  }
}
