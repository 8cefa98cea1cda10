// public: thrown by the public initializer of `Matcher`.

/// Why a regular expression was refused.
public enum RegexError: Error, Equatable, CustomStringConvertible {
  /// It is malformed: what is wrong, and the part it is about.
  case malformed(String, part: String)
  /// It uses what no linear-time engine can match, or Unicode classes.
  case unsupported(String, part: String)
  /// It compiles to more than `RegexProgram.instructionsMax` instructions, or nests deeper than the parser goes.
  case tooLarge

  public var description: String {
    switch self {
    case .malformed(let problem, let part): "\(problem): `\(part)`"
    case .unsupported(let feature, let part): "\(feature) are not supported: `\(part)`"
    case .tooLarge: "expression is too large"
    }
  }
}
