/// A JSON text that passed `StrictJSON`, held as its bytes plus a flat index of where each value is. Reading never
/// fails for reasons of syntax; only for a value of another type or range.
package struct JSONDocument: Sendable {
  let bytes: [UInt8]
  let nodes: [JSONNode]

  /// Throws what is wrong and where; nothing is read in part. Time and memory are linear in `bytes`, but for n·log n in
  /// the names of one very large object.
  package init(_ bytes: [UInt8], _ limits: StrictJSON.Limits = .body) throws(StrictJSON.Problem) {
    var scanner = JSONScanner(limits)
    try scanner.scan(bytes.span)
    self.bytes = bytes
    self.nodes = scanner.nodes
  }

  /// The one value the text is.
  package var root: JSONValue { JSONValue(document: self, index: 0) }
}

/// One value of a document.
package struct JSONValue: Sendable {
  let document: JSONDocument
  let index: Int

  private var node: JSONNode { document.nodes[index] }

  package var isObject: Bool { node.kind == .object }
  package var isArray: Bool { node.kind == .array }
  package var isString: Bool { node.kind == .string }
  package var isNumber: Bool { node.kind == .number }
  package var isNull: Bool { node.kind == .null }

  /// The bytes of the value as it was written, quotes included for neither strings nor names.
  package var source: ArraySlice<UInt8> { document.bytes[Int(node.start)..<Int(node.end)] }

  /// `nil` unless this is `true` or `false`.
  package var bool: Bool? {
    switch node.kind {
    case .true_: true
    case .false_: false
    default: nil
    }
  }

  /// The unescaped text; `nil` unless this is a string.
  package var string: String? {
    node.kind == .string ? text(of: node) : nil
  }

  /// `nil` unless this is a number without fraction or exponent that fits.
  package var integer: Int64? {
    guard node.kind == .number else { return nil }
    var digits = source
    let isNegative = digits.first == UInt8(ascii: "-")
    if isNegative { digits = digits.dropFirst() }
    var value: Int64 = 0
    for byte in digits {
      guard byte &- UInt8(ascii: "0") < 10 else { return nil }
      let (scaled, overflows) = value.multipliedReportingOverflow(by: 10)
      let digit = Int64(byte - UInt8(ascii: "0"))
      let (sum, carries) =
        isNegative ? scaled.subtractingReportingOverflow(digit) : scaled.addingReportingOverflow(digit)
      guard !overflows, !carries else { return nil }
      value = sum
    }
    return value
  }

  /// `nil` unless this is a number that a finite `Double` can stand for.
  package var double: Double? {
    guard node.kind == .number, let value = Double(String(decoding: source, as: UTF8.self)), value.isFinite else {
      return nil
    }
    return value
  }

  /// The member of that name; `nil` if there is none or this is not an object.
  package subscript(name: String) -> JSONValue? {
    guard node.kind == .object else { return nil }
    var member = index + 1
    while member < Int(node.next) {
      if nameEquals(document.nodes[member], name) { return JSONValue(document: document, index: member + 1) }
      member = Int(document.nodes[member + 1].next)
    }
    return nil
  }

  /// Members in document order; empty unless this is an object.
  package var members: [(name: String, value: JSONValue)] {
    guard node.kind == .object else { return [] }
    var members: [(name: String, value: JSONValue)] = []
    var member = index + 1
    while member < Int(node.next) {
      members.append((text(of: document.nodes[member]), JSONValue(document: document, index: member + 1)))
      member = Int(document.nodes[member + 1].next)
    }
    return members
  }

  /// Elements in order; empty unless this is an array.
  package var elements: [JSONValue] {
    guard node.kind == .array else { return [] }
    var elements: [JSONValue] = []
    var element = index + 1
    while element < Int(node.next) {
      elements.append(JSONValue(document: document, index: element))
      element = Int(document.nodes[element].next)
    }
    return elements
  }

  private func text(of node: JSONNode) -> String {
    if node.hasEscapes { return String(decoding: JSONNames.unescaped(node, document.bytes.span), as: UTF8.self) }
    return String(decoding: document.bytes[Int(node.start)..<Int(node.end)], as: UTF8.self)
  }

  private func nameEquals(_ node: JSONNode, _ name: String) -> Bool {
    if node.hasEscapes { return text(of: node).utf8.elementsEqual(name.utf8) }
    guard Int(node.end - node.start) == name.utf8.count else { return false }
    return document.bytes[Int(node.start)..<Int(node.end)].elementsEqual(name.utf8)
  }
}
