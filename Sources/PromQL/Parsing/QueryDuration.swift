/// A range, step or offset of a query: mostly a fixed time, since Prometheus 3.14 also arithmetic such as
/// `[5m + step()]`. Arithmetic without `step()` and `range()` is worked out while parsing.
indirect enum QueryDuration: Hashable, Sendable {
  case fixed(milliseconds: Int64)
  case seconds(NumberLiteral)
  /// `step()`: the step of the range query, 0 for an instant query.
  case step
  /// `range()`: from the start to the end of the range query.
  case range
  case negated(QueryDuration)
  case arithmetic(BinaryOperator, QueryDuration, QueryDuration)
  case minimum(QueryDuration, QueryDuration)
  case maximum(QueryDuration, QueryDuration)
  case parenthesized(QueryDuration)

  /// Whether it depends on the query it stands in.
  var isConstant: Bool {
    switch self {
    case .fixed, .seconds: true
    case .step, .range: false
    case .negated(let inner), .parenthesized(let inner): inner.isConstant
    case .arithmetic(_, let a, let b), .minimum(let a, let b), .maximum(let a, let b): a.isConstant && b.isConstant
    }
  }

  /// The value in a query with the given step and range, in whole milliseconds.
  /// - Throws: a value that is no number or longer than `DurationText.millisecondsMax`.
  func milliseconds(step: Int64, range: Int64) throws(OutOfRange) -> Int64 {
    if case .fixed(let milliseconds) = self { return milliseconds }
    let nanoseconds = (seconds(step: step, range: range) * 1e9).rounded()
    guard nanoseconds.magnitude < 0x1p63 else { throw OutOfRange() }
    return Int64(nanoseconds) / 1_000_000
  }

  struct OutOfRange: Error {
    let message = "duration is out of range"
  }

  private func seconds(step: Int64, range: Int64) -> Double {
    func value(_ inner: QueryDuration) -> Double { inner.seconds(step: step, range: range) }
    switch self {
    case .fixed(let milliseconds): return Double(milliseconds) / 1000
    case .seconds(let number): return number.value
    case .step: return Double(step) / 1000
    case .range: return Double(range) / 1000
    case .negated(let inner): return -value(inner)
    case .parenthesized(let inner): return value(inner)
    case .minimum(let a, let b): return GoMath.minimum(value(a), value(b))
    case .maximum(let a, let b): return GoMath.maximum(value(a), value(b))
    case .arithmetic(let operation, let a, let b): return operation.arithmetic(value(a), value(b))
    }
  }
}

extension BinaryOperator {
  /// The result of an arithmetic operator; a comparison or set operator has none.
  @inline(__always)
  func arithmetic(_ a: Double, _ b: Double) -> Double {
    switch self {
    case .add: a + b
    case .subtract: a - b
    case .multiply: a * b
    case .divide: a / b
    case .modulo: GoMath.remainder(a, b)
    case .power: GoMath.power(a, b)
    case .atan2: GoMath.arcTangent(a, b)
    default: .nan
    }
  }

  /// Whether a comparison holds; NaN equals nothing.
  @inline(__always)
  func compares(_ a: Double, _ b: Double) -> Bool {
    switch self {
    case .equal: a == b
    case .notEqual: a != b
    case .less: a < b
    case .lessOrEqual: a <= b
    case .greater: a > b
    case .greaterOrEqual: a >= b
    default: false
    }
  }
}
