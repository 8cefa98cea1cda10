/// Label names listed in a query (`by`, `without`, `on`, `ignoring`, `group_left`), once as written and once sorted.
struct LabelNames: Hashable, Sendable {
  /// In the order of the query, for printing.
  let written: [[UInt8]]
  /// Sorted, each name once, packed like labels with empty values so that one cursor walks both. Names longer than any
  /// label's are left out: they are nowhere to be found.
  let packed: [UInt8]

  init(_ names: [String] = []) {
    self.init(written: names.map { Array($0.utf8) })
  }

  private init(written: [[UInt8]]) {
    self.written = written
    var packer = LabelPacker()
    var previous: [UInt8]?
    let possible = written.filter { $0.count <= Labels.textBytesMax }
    for name in possible.sorted(by: { $0.lexicographicallyPrecedes($1) }) where name != previous {
      packer.append(name: name, value: EmptyCollection())
      previous = name
    }
    packed = packer.packed
  }

  var isEmpty: Bool { written.isEmpty }

  var texts: [String] {
    written.map { String(decoding: $0, as: UTF8.self) }
  }

  func contains(_ name: String) -> Bool {
    written.contains(Array(name.utf8))
  }

  func adding(_ name: String) -> LabelNames {
    LabelNames(written: written + [Array(name.utf8)])
  }

  func removing(_ name: String) -> LabelNames {
    let bytes = Array(name.utf8)
    return LabelNames(written: written.filter { $0 != bytes })
  }
}
