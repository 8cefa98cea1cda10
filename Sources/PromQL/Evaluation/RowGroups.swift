/// Which rows of a block belong to which number of a table.
struct RowGroups {
  let table: RowTable
  /// For each number its rows, in the order of the block.
  private let starts: [Int]
  private let ordered: [Int]

  init(_ labels: [Labels], by projection: LabelProjection?) {
    var table = RowTable(projection, capacity: labels.count)
    let numbers = labels.map { table.number(of: $0) }
    var starts = Array(repeating: 0, count: table.count + 1)
    for number in numbers { starts[number + 1] += 1 }
    for number in 0..<table.count { starts[number + 1] += starts[number] }
    var next = starts
    var ordered = Array(repeating: 0, count: labels.count)
    for (row, number) in numbers.enumerated() {
      ordered[next[number]] = row
      next[number] += 1
    }
    (self.table, self.starts, self.ordered) = (table, starts, ordered)
  }

  var count: Int { table.count }

  func rows(_ number: Int) -> ArraySlice<Int> {
    ordered[starts[number]..<starts[number + 1]]
  }
}
