extension Evaluation {
  /// Evaluates a binary operation with at least one vector.
  func binary(_ node: BinaryOperation, _ grid: StepGrid) throws(QueryError) -> VectorBlock {
    guard let matching = node.matching else {
      if node.left.type == .scalar {
        let scalar = try scalar(node.left, grid)
        return try combine(node, vector(node.right, grid), scalar, isScalarLeft: true)
      }
      let block = try vector(node.left, grid)
      return try combine(node, block, scalar(node.right, grid), isScalarLeft: false)
    }
    let left = try vector(node.left, grid)
    let right = try vector(node.right, grid)
    try budget.work(left.cells.count + right.cells.count)
    switch node.operation {
    case .and: return try intersection(left, right, matching, keepsMatched: true)
    case .unless: return try intersection(left, right, matching, keepsMatched: false)
    case .or: return try union(left, right, matching)
    default:
      var match = VectorMatch(node, matching, left, right, in: self)
      return try match.combined()
    }
  }

  /// Vector and scalar: each sample on its own.
  private func combine(
    _ node: BinaryOperation, _ vector: VectorBlock, _ scalar: ScalarColumn, isScalarLeft: Bool
  ) throws(QueryError) -> VectorBlock {
    var block = vector
    let operation = node.operation
    try budget.work(block.cells.count)
    block.mapSamples { value, step in
      let (a, b) = isScalarLeft ? (scalar[step], value) : (value, scalar[step])
      guard operation.isComparison else { return operation.arithmetic(a, b) }
      let holds = operation.compares(a, b)
      if node.returnsBool { return holds ? 1 : 0 }
      return holds ? value : .absent
    }
    if operation.isComparison, !node.returnsBool {
      block.removeEmptyRows()
    } else if dropsName(node) {
      try block.dropNamesAndMerge()
    }
    return block
  }

  /// Whether the result is another quantity than the left side. In 2.x `atan2` was forgotten.
  func dropsName(_ node: BinaryOperation) -> Bool {
    if node.operation.isComparison { return node.returnsBool }
    return !(node.operation == .atan2 && isV2)
  }

  /// `and` and `unless`: the left samples that have, or have not, a match on the right.
  private func intersection(
    _ left: VectorBlock, _ right: VectorBlock, _ matching: VectorMatching, keepsMatched: Bool
  ) throws(QueryError) -> VectorBlock {
    let groups = RowGroups(right.labels, by: matching.labels)
    var block = left
    var isKept = Array(repeating: !keepsMatched, count: block.cells.count)
    for row in 0..<block.rows {
      guard let group = groups.table.find(block.labels[row]) else { continue }
      for other in groups.rows(group) {
        try budget.work(block.steps)
        for step in 0..<block.steps where !right[other, step].isAbsent {
          isKept[row * block.steps + step] = keepsMatched
        }
      }
    }
    block.keep(where: isKept)
    return block
  }

  /// `or`: the left samples, and the right ones without a match on the left.
  private func union(
    _ left: VectorBlock, _ right: VectorBlock, _ matching: VectorMatching
  ) throws(QueryError) -> VectorBlock {
    let extra = try intersection(right, left, matching, keepsMatched: false)
    guard extra.rows > 0 else { return left }
    var block = left
    block.isDistinctWithoutName = false
    for row in 0..<extra.rows { block.append(row, of: extra, labels: extra.labels[row]) }
    try block.merge()
    return block
  }
}
