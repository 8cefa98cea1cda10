// public: the store makes labels of bytes it reads, one set per series.

/// Makes a label set of bytes, without a `String` on the way. Used again after `build`.
public struct LabelsBuilder {
  private var pairs: [(name: [UInt8], value: [UInt8])] = []

  public init() {}

  /// Adds a label; one with an empty value is left out.
  public mutating func append(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
    if value.count > 0 { pairs.append((Array(name), Array(value))) }
  }

  /// The set of what was added, in any order. Starts over.
  /// - Throws: a name that is empty, given twice or too long, or a value that is too long.
  public mutating func build() throws(LabelError) -> Labels {
    defer { pairs.removeAll(keepingCapacity: true) }
    pairs.sort { $0.name.lexicographicallyPrecedes($1.name) }
    var packer = LabelPacker(reservingBytes: pairs.reduce(0) { $0 + $1.name.count + $1.value.count + 4 })
    var previous: [UInt8]?
    for (name, value) in pairs {
      try Labels.check(name: name, value: value)
      guard name != previous else { throw .repeatedName(String(decoding: name, as: UTF8.self)) }
      packer.append(name: name, value: value)
      previous = name
    }
    return Labels(packed: packer.packed, hidesName: false)
  }
}
