// public: the store hands labels to the engine once per series, the alert evaluator keeps them once per alert.

/// The identity of a series: label names with values, sorted by name, compared byte by byte.
///
/// One array holds everything, so a copy is one reference count, and `withoutName` allocates nothing. A label with an
/// empty value is the same as no label.
public struct Labels: Sendable {
  /// Entries in name order, each: name length and value length (UInt16, little endian), name bytes, value bytes.
  let packed: [UInt8]
  /// The metric name is still in `packed` but no longer part of the set.
  let hidesName: Bool

  /// Longest name or value in UTF-8 bytes: the packing has two bytes for a length, and no label of use is longer.
  public static var textBytesMax: Int { 65_535 }

  /// The empty set.
  public init() {
    self.init(packed: [], hidesName: false)
  }

  init(packed: [UInt8], hidesName: Bool) {
    self.packed = packed
    self.hidesName = hidesName
  }

  /// The set of `pairs` of name and value, in any order; pairs with an empty value are left out.
  /// - Throws: a name that is empty, given twice or too long, or a value that is too long.
  public init(_ pairs: some Sequence<(String, String)>) throws(LabelError) {
    var sorted: [(name: [UInt8], value: [UInt8])] = []
    for (name, value) in pairs where !value.isEmpty {
      let pair = (name: Array(name.utf8), value: Array(value.utf8))
      try Self.check(name: pair.name, value: pair.value)
      sorted.append(pair)
    }
    sorted.sort { $0.name.lexicographicallyPrecedes($1.name) }
    var packer = LabelPacker()
    var previous: [UInt8]?
    for (name, value) in sorted {
      guard name != previous else { throw .repeatedName(String(decoding: name, as: UTF8.self)) }
      packer.append(name: name, value: value)
      previous = name
    }
    self.init(packed: packer.packed, hidesName: false)
  }

  static func check(name: [UInt8], value: [UInt8]) throws(LabelError) {
    guard !name.isEmpty else { throw .emptyName }
    guard name.count <= textBytesMax, value.count <= textBytesMax else {
      throw .tooLong(String(decoding: name.prefix(64), as: UTF8.self))
    }
  }

  /// Calls `body` with each label in name order, as UTF-8 that is valid only during the call.
  public func forEach(_ body: (_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Void) {
    withCursor { cursor in
      while let entry = cursor.next() { body(entry.name, entry.value) }
    }
  }

  /// The value of a label, or `nil` if the set has none.
  public subscript(name: String) -> String? {
    withValue(of: Array(name.utf8)) { $0.map(text) }
  }

  /// The metric's name, or `nil` after an operation that drops it.
  public var metricName: String? { self[MetricName.label] }

  /// All labels in name order.
  public var pairs: [(name: String, value: String)] {
    var pairs: [(name: String, value: String)] = []
    forEach { name, value in pairs.append((text(name), text(value))) }
    return pairs
  }

  public var isEmpty: Bool {
    withCursor { $0.next() == nil }
  }

  /// The same labels without the metric's name. Constant time.
  public var withoutName: Labels {
    Labels(packed: packed, hidesName: true)
  }

  func withCursor<Result, Failure>(
    _ body: (inout LabelCursor) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try packed.withUnsafeBufferPointer { bytes throws(Failure) in
      var cursor = LabelCursor(UnsafeRawBufferPointer(bytes), hidesName: hidesName)
      return try body(&cursor)
    }
  }

  /// Lends the bytes of a label's value, `nil` if there is no such label.
  func withValue<Result, Failure>(
    of name: [UInt8], _ body: (UnsafeRawBufferPointer?) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try name.withUnsafeBufferPointer { wanted throws(Failure) in
      try withCursor { cursor throws(Failure) in
        while let entry = cursor.next() {
          let order = compareBytes(entry.name, UnsafeRawBufferPointer(wanted))
          if order == 0 { return try body(entry.value) }
          if order > 0 { break }
        }
        return try body(nil)
      }
    }
  }
}

/// Why a label set cannot exist.
public enum LabelError: Error, Equatable, CustomStringConvertible {
  case emptyName
  case repeatedName(String)
  case tooLong(String)

  public var description: String {
    switch self {
    case .emptyName: "a label has an empty name"
    case .repeatedName(let name): "label \"\(name)\" is given twice"
    case .tooLong(let name): "label \"\(name)\" is longer than \(Labels.textBytesMax) bytes"
    }
  }
}
