/// One word of a query.
struct Token: Equatable {
  let kind: Kind
  /// Where it stands, in bytes of the input.
  let range: Range<Int>

  enum Kind: Equatable {
    case end
    /// A name without colon that is no keyword here. Inside braces every word is one.
    case identifier
    /// A name with a colon: can only be a metric.
    case metricIdentifier
    case keyword(Keyword)
    case number
    case duration
    case string
    case symbol(Symbol)
  }

  enum Symbol: String {
    case leftParen = "("
    case rightParen = ")"
    case leftBrace = "{"
    case rightBrace = "}"
    case leftBracket = "["
    case rightBracket = "]"
    case comma = ","
    case colon = ":"
    case at = "@"
    case assign = "="
    case plus = "+"
    case minus = "-"
    case times = "*"
    case divide = "/"
    case modulo = "%"
    case power = "^"
    case equal = "=="
    case notEqual = "!="
    case lessOrEqual = "<="
    case less = "<"
    case greaterOrEqual = ">="
    case greater = ">"
    case matches = "=~"
    case doesNotMatch = "!~"
  }

  /// The words with a meaning outside braces, in any case. `inf` and `nan` are numbers.
  enum Keyword: String {
    case and, or, unless, atan2
    case sum, avg, count, min, max, group, stddev, stdvar, topk, bottomk, quantile
    case countValues = "count_values"
    case offset, by, without, on, ignoring, bool, start, end
    case groupLeft = "group_left"
    case groupRight = "group_right"

    /// Whether the word may also name a metric.
    var canNameMetric: Bool {
      switch self {
      case .atan2, .on, .ignoring, .bool, .groupLeft, .groupRight: false
      default: true
      }
    }
  }
}
