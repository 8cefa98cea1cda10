package import ControlModel

/// A rule's parameter outside its bounds: which one, and what is allowed.
package struct ParameterError: Error, Equatable, Sendable {
  package let problem: FieldProblem

  /// `field` in dotted form, `problem` saying what is allowed.
  package init(_ field: String, _ problem: String) {
    self.problem = FieldProblem(field, problem)
  }
}

extension Comparable {
  /// This value if it lies within `bounds`; NaN never does.
  func checked(_ field: String, _ bounds: ClosedRange<Self>) throws(ParameterError) -> Self {
    guard bounds.contains(self) else {
      throw ParameterError(field, "must be \(bounds.lowerBound) to \(bounds.upperBound), got \(self)")
    }
    return self
  }
}
