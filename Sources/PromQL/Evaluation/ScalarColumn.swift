/// A scalar at the steps of a grid.
enum ScalarColumn {
  case constant(Double)
  case values([Double])

  @inline(__always)
  subscript(step: Int) -> Double {
    switch self {
    case .constant(let value): value
    case .values(let values): values[step]
    }
  }
}
