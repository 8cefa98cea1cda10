extension Labels {
  /// The set with `name` set to `value`, or without `name` if `value` is empty.
  /// - Throws: an empty name, or text longer than `textBytesMax`.
  public func setting(_ name: String, to value: String) throws(LabelError) -> Labels {
    try setting(Array(name.utf8), to: Array(value.utf8))
  }

  func setting(_ name: [UInt8], to value: [UInt8]) throws(LabelError) -> Labels {
    try Self.check(name: name, value: value)
    return inserting(name, value)
  }

  private func inserting(_ name: [UInt8], _ value: [UInt8]) -> Labels {
    var packer = LabelPacker(reservingBytes: packed.count + name.count + value.count + LabelCursor.headerBytes)
    var isPending = !value.isEmpty
    name.withUnsafeBytes { wanted in
      withCursor { cursor in
        while let entry = cursor.next() {
          let order = compareBytes(entry.name, wanted)
          if order >= 0, isPending {
            packer.append(name: name, value: value)
            isPending = false
          }
          if order != 0 { packer.append(name: entry.name, value: entry.value) }
        }
      }
    }
    if isPending { packer.append(name: name, value: value) }
    return Labels(packed: packer.packed, hidesName: false)
  }
}
