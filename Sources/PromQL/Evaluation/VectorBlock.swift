/// The values of many series at the steps of a grid: one row per series, one cell per step, `absent` where a series has
/// no sample.
///
/// A row has at least one sample. All cells lie in one array, row after row, so that an instant vector costs two
/// allocations however many series it has, and a range query evaluates each series from its first step to its last.
struct VectorBlock {
  private(set) var labels: [Labels] = []
  private(set) var cells: [Double] = []
  let steps: Int
  /// Whether the rows stay different without their metric names, because all have the same one or none. Then dropping
  /// the name needs no look at the labels.
  var isDistinctWithoutName = true

  init(steps: Int, isDistinctWithoutName: Bool = true) {
    self.steps = steps
    self.isDistinctWithoutName = isDistinctWithoutName
  }

  var rows: Int { labels.count }

  @inline(__always)
  subscript(row: Int, step: Int) -> Double {
    get { cells[row * steps + step] }
    set { cells[row * steps + step] = newValue }
  }

  mutating func reserve(rows: Int) {
    labels.reserveCapacity(rows)
    cells.reserveCapacity(rows * steps)
  }

  /// Adds a row of absent cells and lets `fill` write to it. The row is dropped if it stays empty.
  @inline(__always)
  mutating func appendRow(
    _ rowLabels: Labels, _ fill: (UnsafeMutableBufferPointer<Double>) throws(QueryError) -> Void
  ) throws(QueryError) {
    let start = cells.count
    cells.append(contentsOf: repeatElement(.absent, count: steps))
    let hasSample = try cells.withUnsafeMutableBufferPointer { all throws(QueryError) in
      let row = UnsafeMutableBufferPointer(rebasing: all[start...])
      try fill(row)
      return row.contains { !$0.isAbsent }
    }
    if hasSample {
      labels.append(rowLabels)
    } else {
      cells.removeLast(steps)
    }
  }

  /// Adds a row with one cell, for a grid of one step.
  @inline(__always)
  mutating func appendSample(_ rowLabels: Labels, _ value: Double) {
    assert(steps == 1)
    labels.append(rowLabels)
    cells.append(value)
  }

  /// Replaces each sample by what `transform` makes of it.
  @inline(__always)
  mutating func mapSamples(_ transform: (_ value: Double, _ step: Int) -> Double) {
    let steps = steps
    cells.withUnsafeMutableBufferPointer { cells in
      var index = 0
      while index < cells.count {
        for step in 0..<steps {
          if !cells[index].isAbsent { cells[index] = transform(cells[index], step) }
          index += 1
        }
      }
    }
  }

  mutating func mapLabels(_ transform: (Labels) -> Labels) {
    for row in labels.indices { labels[row] = transform(labels[row]) }
  }

  /// Removes rows without a sample, which comparisons leave behind.
  mutating func removeEmptyRows() {
    var kept = 0
    for row in 0..<rows where hasSample(row) {
      if kept != row {
        labels[kept] = labels[row]
        for step in 0..<steps { self[kept, step] = self[row, step] }
      }
      kept += 1
    }
    labels.removeLast(rows - kept)
    cells.removeLast(cells.count - kept * steps)
  }

  /// Keeps only the samples whose flag is set.
  mutating func keep(where isKept: [Bool]) {
    for index in cells.indices where !isKept[index] { cells[index] = .absent }
    removeEmptyRows()
  }

  func hasSample(_ row: Int) -> Bool {
    (0..<steps).contains { !self[row, $0].isAbsent }
  }

  func hasSample(at step: Int) -> Bool {
    (0..<rows).contains { !self[$0, step].isAbsent }
  }

  /// The rows in another order, some of them perhaps left out.
  func selecting(_ order: [Int]) -> VectorBlock {
    var block = VectorBlock(steps: steps, isDistinctWithoutName: isDistinctWithoutName)
    block.reserve(rows: order.count)
    for row in order { block.append(row, of: self, labels: labels[row]) }
    return block
  }

  /// Adds the cells of another block's row.
  mutating func append(_ row: Int, of other: VectorBlock, labels rowLabels: Labels) {
    labels.append(rowLabels)
    cells.append(contentsOf: other.cells[(row * steps)..<((row + 1) * steps)])
  }

  /// The only step of this block, at each of `steps` steps.
  func broadcast(to steps: Int) -> VectorBlock {
    assert(self.steps == 1)
    var block = VectorBlock(steps: steps, isDistinctWithoutName: isDistinctWithoutName)
    block.labels = labels
    block.cells.reserveCapacity(rows * steps)
    for cell in cells { block.cells.append(contentsOf: repeatElement(cell, count: steps)) }
    return block
  }
}
