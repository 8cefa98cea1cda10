/// A query that was understood: well typed, bounded in depth, ready to be evaluated any number of times.
///
/// Only the parser makes one, so whoever holds it need not check it again. Source positions are not kept: every error
/// that needs one is found while parsing.
package struct Expression: Hashable, Sendable {
  let root: Node

  /// What evaluating it at one time yields.
  package var type: ValueType { root.type }
}

/// The four kinds of value in PromQL.
package enum ValueType: String, Sendable {
  case scalar
  case string
  /// One sample per series.
  case vector = "instant vector"
  /// Any number of samples per series.
  case range = "range vector"
}

/// One node of the syntax tree.
indirect enum Node: Hashable, Sendable {
  case number(NumberLiteral)
  case string(StringLiteral)
  case selector(VectorSelector)
  case rangeSelector(RangeSelector)
  case subquery(Subquery)
  case call(Call)
  case aggregation(Aggregation)
  case binary(BinaryOperation)
  case negation(Negation)
  case parenthesized(Parenthesized)

  var type: ValueType {
    switch self {
    case .number: .scalar
    case .string: .string
    case .selector, .aggregation: .vector
    case .rangeSelector, .subquery: .range
    case .call(let call): call.function.result
    case .binary(let operation): operation.isScalar ? .scalar : .vector
    case .negation(let negation): negation.type
    case .parenthesized(let group): group.type
    }
  }

  /// The node inside any number of parentheses.
  var unwrapped: Node {
    if case .parenthesized(let group) = self { group.node.unwrapped } else { self }
  }
}

/// A number. Equal if the bits are, so that `NaN` equals itself and `-0` is not `0`.
struct NumberLiteral: Hashable, Sendable {
  let value: Double

  /// There is one NaN, whatever its sign.
  init(value: Double) {
    self.value = value.isNaN ? .nan : value
  }

  static func == (a: Self, b: Self) -> Bool { a.value.bitPattern == b.value.bitPattern }
  func hash(into hasher: inout Hasher) { hasher.combine(value.bitPattern) }
}

/// A string argument. Equal if the bytes are.
struct StringLiteral: Hashable, Sendable {
  let value: String

  static func == (a: Self, b: Self) -> Bool { a.value.utf8.elementsEqual(b.value.utf8) }
  func hash(into hasher: inout Hasher) { hasher.combine(Array(value.utf8)) }
}

/// `name{label="value"} @ 10 offset 5m`.
struct VectorSelector: Hashable, Sendable {
  let series: SeriesSelector
  var time = TimeShift()
}

/// `name[5m]`.
struct RangeSelector: Hashable, Sendable {
  let series: SeriesSelector
  let range: QueryDuration
  var time = TimeShift()
}

/// `expression[1h:1m]`.
struct Subquery: Hashable, Sendable {
  let node: Node
  let range: QueryDuration
  /// `nil` takes the engine's default.
  let step: QueryDuration?
  var time = TimeShift()
}

/// Where in time a selector looks: `@` fixes the time, `offset` moves it back.
struct TimeShift: Hashable, Sendable {
  var offset: QueryDuration?
  var pin: Pin?

  enum Pin: Hashable, Sendable {
    case at(milliseconds: Int64)
    /// The first and the last time of the whole query.
    case start, end
  }
}

/// `rate(…)`.
struct Call: Hashable, Sendable {
  let function: Function
  let arguments: [Node]
  /// The compiled last argument of `label_replace`.
  var regex: CapturingRegex?
}

/// `sum by (job) (…)`.
struct Aggregation: Hashable, Sendable {
  let operation: AggregationOperation
  let grouping: LabelProjection
  /// `k`, `φ` or the label name.
  let parameter: Node?
  let node: Node
}

enum AggregationOperation: String, Sendable {
  case sum, avg, count, min, max, group, stddev, stdvar, topk, bottomk, quantile
  case countValues = "count_values"

  var parameterType: ValueType? {
    switch self {
    case .topk, .bottomk, .quantile: .scalar
    case .countValues: .string
    default: nil
    }
  }
}

/// `a + on (job) b`.
struct BinaryOperation: Hashable, Sendable {
  let operation: BinaryOperator
  let left: Node
  let right: Node
  /// `bool`: a comparison yields 0 or 1 instead of filtering.
  let returnsBool: Bool
  /// `nil` if a side is a scalar.
  let matching: VectorMatching?

  /// Whether both sides are scalars.
  let isScalar: Bool
}

enum BinaryOperator: String, Sendable {
  case add = "+"
  case subtract = "-"
  case multiply = "*"
  case divide = "/"
  case modulo = "%"
  case power = "^"
  case atan2
  case equal = "=="
  case notEqual = "!="
  case less = "<"
  case lessOrEqual = "<="
  case greater = ">"
  case greaterOrEqual = ">="
  case and, or, unless

  var isComparison: Bool {
    switch self {
    case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual: true
    default: false
    }
  }

  var isSetOperator: Bool {
    switch self {
    case .and, .or, .unless: true
    default: false
    }
  }
}

/// Which series of the two sides belong together.
struct VectorMatching: Hashable, Sendable {
  let cardinality: Cardinality
  /// The labels that must be equal: `on (…)` or `ignoring (…)`.
  let labels: LabelProjection
  /// The labels `group_left (…)` and `group_right (…)` copy from the "one" side.
  let included: LabelNames

  enum Cardinality: Sendable {
    case oneToOne
    /// `group_left`: the left side has many.
    case manyToOne
    /// `group_right`: the right side has many.
    case oneToMany
    case manyToMany
  }
}

/// `-x`, or `+x`, which changes nothing but still takes only scalars and vectors.
struct Negation: Hashable, Sendable {
  let node: Node
  let isPlus: Bool
  let type: ValueType
}

/// `(…)`: kept so that the printed query reads as it was written.
struct Parenthesized: Hashable, Sendable {
  let node: Node
  let type: ValueType
}
