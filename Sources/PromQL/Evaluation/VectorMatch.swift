/// An arithmetic operation or comparison of two vectors: finds which rows belong together once, then combines them step
/// by step.
///
/// "Many" is the left side, or the right one under `group_right`; of the "one" side at most one row may match at a
/// step.
struct VectorMatch {
  private let node: BinaryOperation
  private let matching: VectorMatching
  private let many: VectorBlock
  private let one: VectorBlock
  /// The rows of the "one" side by what they are matched with.
  private let oneGroups: RowGroups
  private let dropsName: Bool
  /// What one-to-one results show of the "many" side's labels.
  private let resultView: LabelProjection?
  private let isV2: Bool
  private let budget: QueryBudget
  /// Result rows before rows with equal labels are joined, and what they were made of.
  private var pairs: [Pair] = []

  private struct Pair {
    let many: Int
    let one: Int
    let labels: Labels
  }

  private var isSwapped: Bool { matching.cardinality == .oneToMany }

  init(
    _ node: BinaryOperation, _ matching: VectorMatching, _ left: VectorBlock, _ right: VectorBlock,
    in evaluation: Evaluation
  ) {
    self.node = node
    self.matching = matching
    (many, one) = matching.cardinality == .oneToMany ? (right, left) : (left, right)
    oneGroups = RowGroups(one.labels, by: matching.labels)
    dropsName = evaluation.dropsName(node)
    let showsAll = !matching.labels.keepsListed && matching.labels.names.isEmpty
    resultView = showsAll ? nil : matching.labels.keepsListed ? matching.labels : .excluding(matching.labels.names)
    isV2 = evaluation.isV2
    budget = evaluation.budget
  }

  /// - Throws: several matches where the matching allows one, or results that cannot be told apart.
  mutating func combined() throws(QueryError) -> VectorBlock {
    try refuseDuplicatesOnOneSide()
    var pairsOfGroup: [[Int]] = Array(repeating: [], count: oneGroups.count)
    for row in 0..<many.rows {
      guard let group = oneGroups.table.find(many.labels[row]) else { continue }
      for other in oneGroups.rows(group) {
        let labels = resultLabels(many.labels[row], one.labels[other])
        // Rows that are never present together make as many pairs as the product of both sides.
        try budget.charge(labels)
        pairsOfGroup[group].append(pairs.count)
        pairs.append(Pair(many: row, one: other, labels: labels))
      }
    }
    // One-to-one results show at least what the rows were matched by, which differs between groups; many-to-one results
    // without copied labels are the rows of the "many" side.
    if matching.cardinality == .oneToOne {
      for group in pairsOfGroup where group.count > 1 { try refuseSeveralMatches(group) }
      return try combine(pairsAreDistinct: pairsOfGroup.allSatisfy { $0.count <= 1 })
    }
    return try combine(
      pairsAreDistinct: matching.included.isEmpty && many.isDistinctWithoutName && oneGroups.count == one.rows)
  }

  private func combine(pairsAreDistinct: Bool) throws(QueryError) -> VectorBlock {
    let keepsDistinct = pairsAreDistinct && (dropsName || many.isDistinctWithoutName)
    var block = VectorBlock(steps: many.steps, isDistinctWithoutName: keepsDistinct)
    if pairsAreDistinct {
      block.reserve(rows: pairs.count)
      for pair in pairs {
        try budget.charge(samples: many.steps)
        try block.appendRow(pair.labels) { cells throws(QueryError) in
          for step in 0..<cells.count { cells[step] = result(pair, step) }
        }
      }
      return block
    }
    let groups = RowGroups(pairs.map(\.labels), by: nil)
    for number in 0..<groups.count {
      let members = groups.rows(number).map { pairs[$0] }
      try budget.charge(samples: many.steps)
      try budget.work(members.count * many.steps)
      try block.appendRow(members[0].labels) { cells throws(QueryError) in
        for step in 0..<cells.count { cells[step] = try onlyResult(of: members, step) }
      }
    }
    return block
  }

  /// The result of the one pair that matches at a step.
  private func onlyResult(of members: [Pair], _ step: Int) throws(QueryError) -> Double {
    var only = Double.absent
    var isMatched = false
    for pair in members where matches(pair, step) {
      guard !isMatched else { throw multipleMatches }
      isMatched = true
      only = result(pair, step)
    }
    return only
  }

  private func refuseSeveralMatches(_ group: [Int]) throws(QueryError) {
    try budget.work(group.count * many.steps)
    for step in 0..<many.steps where group.count(where: { matches(pairs[$0], step) }) > 1 { throw multipleMatches }
  }

  /// Whether both rows have a sample at a step. Prometheus 2.x counts only what a comparison lets pass.
  private func matches(_ pair: Pair, _ step: Int) -> Bool {
    if isV2 { return !result(pair, step).isAbsent }
    return !many[pair.many, step].isAbsent && !one[pair.one, step].isAbsent
  }

  @inline(__always)
  private func result(_ pair: Pair, _ step: Int) -> Double {
    let (manyValue, oneValue) = (many[pair.many, step], one[pair.one, step])
    if manyValue.isAbsent || oneValue.isAbsent { return .absent }
    let (a, b) = isSwapped ? (oneValue, manyValue) : (manyValue, oneValue)
    guard node.operation.isComparison else { return node.operation.arithmetic(a, b) }
    let holds = node.operation.compares(a, b)
    if node.returnsBool { return holds ? 1 : 0 }
    return holds ? a : .absent
  }

  private func resultLabels(_ many: Labels, _ one: Labels) -> Labels {
    var labels = dropsName ? many.withoutName : many
    if matching.cardinality == .oneToOne { return resultView?.apply(to: labels) ?? labels }
    for name in matching.included.written {
      let value = one.withValue(of: name) { $0.map(Array.init) ?? [] }
      labels = (try? labels.setting(name, to: value)) ?? labels
    }
    return labels
  }

  /// Two rows of the "one" side that match the same must not have samples at the same step.
  private func refuseDuplicatesOnOneSide() throws(QueryError) {
    guard oneGroups.count < one.rows else { return }
    // Prometheus does not look for matches at a step where the other side is empty.
    let steps = (0..<one.steps).filter(many.hasSample(at:))
    try budget.work(many.cells.count)
    for group in 0..<oneGroups.count {
      let rows = oneGroups.rows(group)
      guard rows.count > 1 else { continue }
      try budget.work(rows.count * one.steps)
      for step in steps {
        let present = rows.filter { !one[$0, step].isAbsent }
        guard present.count > 1 else { continue }
        let names = present.prefix(2).map { one.labels[$0].description }.sorted()
        let matched = matching.labels.apply(to: one.labels[present[0]])
        throw .invalid(
          "found duplicate series for the match group \(matched) on the \(isSwapped ? "left" : "right") hand-side of "
            + "the operation: [\(names[0]), \(names[1])];many-to-many matching not allowed: matching labels must be "
            + "unique on one side")
      }
    }
  }

  private var multipleMatches: QueryError {
    .invalid(
      matching.cardinality == .oneToOne
        ? "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)"
        : "multiple matches for labels: grouping labels must ensure unique matches")
  }
}
