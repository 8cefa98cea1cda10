/// One label of a set, as bytes inside the set's own storage. Valid only inside the closure that lent it.
struct LabelEntry {
  let name: UnsafeRawBufferPointer
  let value: UnsafeRawBufferPointer
}

/// Walks packed label entries in name order. The packing is described at `Labels.packed`.
struct LabelCursor {
  private let base: UnsafeRawBufferPointer
  private var offset = 0
  private let hidesName: Bool

  /// Bytes before the name: two lengths.
  static let headerBytes = 4

  init(_ base: UnsafeRawBufferPointer, hidesName: Bool) {
    self.base = base
    self.hidesName = hidesName
  }

  mutating func next() -> LabelEntry? {
    while offset < base.count {
      let nameBytes = Int(UInt16(littleEndian: base.loadUnaligned(fromByteOffset: offset, as: UInt16.self)))
      let valueBytes = Int(UInt16(littleEndian: base.loadUnaligned(fromByteOffset: offset + 2, as: UInt16.self)))
      let nameStart = offset + Self.headerBytes
      let valueStart = nameStart + nameBytes
      offset = valueStart + valueBytes
      let name = UnsafeRawBufferPointer(rebasing: base[nameStart..<valueStart])
      if hidesName, MetricName.isLabelName(name) { continue }
      return LabelEntry(name: name, value: UnsafeRawBufferPointer(rebasing: base[valueStart..<offset]))
    }
    return nil
  }
}

/// Builds the packed form. Entries must be appended in name order.
struct LabelPacker {
  private(set) var packed: [UInt8] = []

  init(reservingBytes bytes: Int = 0) {
    packed.reserveCapacity(bytes)
  }

  mutating func append(name: some Collection<UInt8>, value: some Collection<UInt8>) {
    precondition(max(name.count, value.count) <= Labels.textBytesMax, "label text must fit its length field")
    for length in [name.count, value.count] {
      packed.append(UInt8(truncatingIfNeeded: length))
      packed.append(UInt8(truncatingIfNeeded: length >> 8))
    }
    packed.append(contentsOf: name)
    packed.append(contentsOf: value)
  }
}

/// The label that holds the metric's name.
enum MetricName {
  static let label = "__name__"
  static let labelBytes: [UInt8] = Array(label.utf8)

  static func isLabelName(_ name: UnsafeRawBufferPointer) -> Bool {
    name.count == 8 && name[0] == UInt8(ascii: "_") && name.elementsEqual(labelBytes)
  }
}
