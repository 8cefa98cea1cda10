extension Expression {
  /// Reads a query: PromQL of Prometheus 2.42, and of 3.x what is stable there and defined for float samples.
  ///
  /// Linear in the length of the query, which is at most 128 KiB with at most 128 levels of nesting.
  /// - Throws: the first thing that is wrong, with line and column.
  package init(_ query: String) throws(ParseError) {
    var parser = try Parser(query)
    self.init(root: try parser.parseAll().node)
  }
}

extension SeriesSelector {
  /// Reads a series selector without time modifiers, e.g. the `match[]` of the series API.
  /// - Throws: anything that is not `name{matchers}`, with line and column.
  package init(parsing text: String) throws(ParseError) {
    var parser = try Parser(text)
    let operand = try parser.parseAll()
    guard case .selector(let selector) = operand.node, selector.time == TimeShift() else {
      throw parser.error("expected a series selector", at: operand.range)
    }
    self = selector.series
  }
}
