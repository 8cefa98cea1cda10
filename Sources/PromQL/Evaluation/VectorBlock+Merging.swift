extension VectorBlock {
  private static let duplicates = QueryError.invalid("vector cannot contain metrics with the same labelset")

  /// Takes the metric names off.
  /// - Throws: rows that become equal, even if they never have a sample at the same step.
  mutating func dropNames() throws(QueryError) {
    mapLabels(\.withoutName)
    if !isDistinctWithoutName, RowGroups(labels, by: nil).count < rows { throw Self.duplicates }
    isDistinctWithoutName = true
  }

  /// Takes the metric names off and joins rows that become equal.
  /// - Throws: two equal rows with a sample at the same step.
  mutating func dropNamesAndMerge() throws(QueryError) {
    mapLabels(\.withoutName)
    if !isDistinctWithoutName { try merge() }
    isDistinctWithoutName = true
  }

  /// Joins rows with equal labels.
  /// - Throws: two equal rows with a sample at the same step.
  mutating func merge() throws(QueryError) {
    let groups = RowGroups(labels, by: nil)
    guard groups.count < rows else { return }
    var block = VectorBlock(steps: steps, isDistinctWithoutName: isDistinctWithoutName)
    block.reserve(rows: groups.count)
    for number in 0..<groups.count {
      let members = groups.rows(number)
      try block.appendRow(groups.table.representatives[number]) { cells throws(QueryError) in
        for row in members {
          for step in 0..<steps where !self[row, step].isAbsent {
            guard cells[step].isAbsent else { throw Self.duplicates }
            cells[step] = self[row, step]
          }
        }
      }
    }
    self = block
  }
}
