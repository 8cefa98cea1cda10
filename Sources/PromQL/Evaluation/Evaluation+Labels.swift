extension Evaluation {
  /// `label_replace(v, destination, replacement, source, regex)`.
  func replaceLabels(_ call: Call, _ grid: StepGrid) throws(QueryError) -> VectorBlock {
    guard let regex = call.regex else { preconditionFailure("the parser compiles the regex of label_replace") }
    let destination = string(call.arguments[1])
    let template = Array(string(call.arguments[2]).utf8)
    let source = Array(string(call.arguments[3]).utf8)
    try checkName(destination, "destination label name in label_replace()")
    var machine = regex.machine()
    return try relabeling(call.arguments[0], grid, destination) { labels throws(QueryError) in
      try budget.work(template.count)
      return try labels.withValue(of: source) { value throws(QueryError) in
        let value = value ?? UnsafeRawBufferPointer(start: nil, count: 0)
        guard let groups = try machine.run(value, spending: budget.work) else { return Replacement.none }
        return regex.expand(template, groups: groups, of: value).map(Replacement.value) ?? .tooLong
      }
    }
  }

  /// `label_join(v, destination, separator, source, …)`.
  func joinLabels(_ arguments: [Node], _ grid: StepGrid) throws(QueryError) -> VectorBlock {
    let destination = string(arguments[1])
    let separator = Array(string(arguments[2]).utf8)
    let sources = arguments[3...].map(string)
    for source in sources { try checkName(source, "source label name in label_join()") }
    try checkName(destination, "destination label name in label_join()")
    let sourceBytes = sources.map { Array($0.utf8) }
    return try relabeling(arguments[0], grid, destination) { labels throws(QueryError) in
      var joined: [UInt8] = []
      for (index, source) in sourceBytes.enumerated() {
        if index > 0 { joined += separator }
        labels.withValue(of: source) { joined.append(contentsOf: $0 ?? UnsafeRawBufferPointer(start: nil, count: 0)) }
        if joined.count > Labels.textBytesMax { return .tooLong }
      }
      try budget.work(joined.count + sources.count)
      return .value(joined)
    }
  }

  /// What a label function makes of one series.
  private enum Replacement {
    /// Leave it alone.
    case none
    /// The new value of the label; empty removes it.
    case value([UInt8])
    case tooLong
  }

  private func relabeling(
    _ node: Node, _ grid: StepGrid, _ destination: String,
    _ replacement: (Labels) throws(QueryError) -> Replacement
  ) throws(QueryError) -> VectorBlock {
    let name = Array(destination.utf8)
    let block = try vector(node, grid)
    var changed = VectorBlock(steps: grid.count, isDistinctWithoutName: false)
    changed.reserve(rows: block.rows)
    for row in 0..<block.rows {
      var labels = block.labels[row]
      switch try replacement(labels) {
      case .none: break
      case .value(let value):
        guard let new = try? labels.setting(name, to: value) else { throw tooLong(destination) }
        labels = new
        // Label text is the one thing a query can grow without samples: a chain of these functions doubles it.
        try budget.charge(labels)
      case .tooLong: throw tooLong(destination)
      }
      changed.append(row, of: block, labels: labels)
    }
    try changed.merge()
    return changed
  }

  private func tooLong(_ name: String) -> QueryError {
    .invalid(LabelError.tooLong(name).description)
  }

  /// Prometheus 2.x allows plain names only, 3.x any text.
  private func checkName(_ name: String, _ place: String) throws(QueryError) {
    guard isV2 ? LabelName.isPlain(name.utf8) : !name.isEmpty else { throw .invalid("invalid \(place): \(name)") }
  }
}
