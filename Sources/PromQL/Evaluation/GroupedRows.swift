/// A block with its rows sorted into groups.
struct GroupedRows {
  let block: VectorBlock
  let groups: RowGroups
  private let grouping: LabelProjection

  init(_ block: VectorBlock, by grouping: LabelProjection) {
    self.block = block
    self.grouping = grouping
    groups = RowGroups(block.labels, by: grouping)
  }

  func labels(_ group: Int) -> Labels {
    grouping.apply(to: groups.table.representatives[group])
  }

  /// A block for one row per group.
  var emptyResult: VectorBlock {
    let keepsName = grouping.keepsListed && grouping.names.contains(MetricName.label)
    return VectorBlock(steps: block.steps, isDistinctWithoutName: !keepsName)
  }
}
