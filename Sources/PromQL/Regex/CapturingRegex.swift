/// The regular expression and the replacement of `label_replace`: matches a whole value and builds a new one from its
/// groups.
struct CapturingRegex: Hashable, Sendable {
  let pattern: String
  private let program: RegexProgram

  /// - Throws: a pattern that is malformed, unsupported or too large.
  init(_ pattern: String) throws(RegexError) {
    self.pattern = pattern
    program = try RegexProgram(pattern)
  }

  static func == (a: Self, b: Self) -> Bool { a.pattern.utf8.elementsEqual(b.pattern.utf8) }
  func hash(into hasher: inout Hasher) { hasher.combine(Array(pattern.utf8)) }

  /// Instructions it compiled to.
  var instructions: Int { program.instructions.count }

  func machine() -> RegexMachine {
    RegexMachine(program, capturing: true)
  }

  /// Go's `Regexp.Expand`: `$1`, `${1}`, `$name` and `${name}` become what the group matched, `$$` a dollar, a group
  /// that is unknown or took no part nothing. `nil` if the result is too long for a label.
  func expand(_ template: [UInt8], groups: [Int], of text: UnsafeRawBufferPointer) -> [UInt8]? {
    var out: [UInt8] = []
    var rest = template[...]
    while let dollar = rest.firstIndex(of: UInt8(ascii: "$")) {
      guard out.count <= Labels.textBytesMax else { return nil }
      out += rest[..<dollar]
      rest = rest[(dollar + 1)...]
      if rest.first == UInt8(ascii: "$") {
        out.append(UInt8(ascii: "$"))
        rest = rest.dropFirst()
      } else if let (name, after) = Self.reference(rest) {
        if let group = group(name), groups[group * 2] >= 0 {
          out.append(contentsOf: text[groups[group * 2]..<groups[group * 2 + 1]])
        }
        rest = after
      } else {
        out.append(UInt8(ascii: "$"))
      }
    }
    out += rest
    return out.count <= Labels.textBytesMax ? out : nil
  }

  /// The name at the start of `text`, with or without braces, and what follows; `nil` if there is none.
  private static func reference(_ text: ArraySlice<UInt8>) -> (name: String, after: ArraySlice<UInt8>)? {
    let isBraced = text.first == UInt8(ascii: "{")
    let start = isBraced ? text.dropFirst() : text
    let name = start.prefix { LabelName.isLetter($0) || LabelName.isDigit($0) || $0 >= 0x80 }
    guard !name.isEmpty else { return nil }
    var after = start[name.endIndex...]
    if isBraced {
      guard after.first == UInt8(ascii: "}") else { return nil }
      after = after.dropFirst()
    }
    return (String(decoding: name, as: UTF8.self), after)
  }

  private func group(_ name: String) -> Int? {
    if name.utf8.allSatisfy(LabelName.isDigit) {
      let hasLeadingZero = name.utf8.count > 1 && name.hasPrefix("0")
      guard !hasLeadingZero, let index = Int(name), index < program.captureNames.count else { return nil }
      return index
    }
    return program.captureNames.firstIndex(of: name)
  }
}
