// public: the store tests label values with matchers when it selects series.

/// One condition on a label, e.g. `code=~"5.."`. A missing label counts as the empty value.
public struct Matcher: Hashable, Sendable {
  public enum Operation: String, Sendable {
    case equal = "="
    case notEqual = "!="
    case matches = "=~"
    case doesNotMatch = "!~"
  }

  public let operation: Operation
  let nameBytes: [UInt8]
  let valueBytes: [UInt8]
  private let regex: AnchoredRegex?

  /// - Throws: a regular expression that is malformed, uses what cannot be matched in linear time, or is too large.
  public init(_ name: String, _ operation: Operation, _ value: String) throws(RegexError) {
    self.operation = operation
    nameBytes = Array(name.utf8)
    valueBytes = Array(value.utf8)
    switch operation {
    case .equal, .notEqual: regex = nil
    case .matches, .doesNotMatch: regex = try AnchoredRegex(value)
    }
  }

  public var name: String { String(decoding: nameBytes, as: UTF8.self) }
  /// The text compared with, or the regular expression.
  public var value: String { String(decoding: valueBytes, as: UTF8.self) }

  public func matches(_ value: String) -> Bool {
    var value = value
    return value.withUTF8 { matches(utf8: UnsafeRawBufferPointer($0)) }
  }

  /// Linear in the length of the value times the size of the regular expression.
  public func matches(utf8 value: UnsafeRawBufferPointer) -> Bool {
    switch operation {
    case .equal: value.elementsEqual(valueBytes)
    case .notEqual: !value.elementsEqual(valueBytes)
    case .matches: regex?.matches(value) == true
    case .doesNotMatch: regex?.matches(value) != true
    }
  }

  /// The only values that can satisfy the matcher, or `nil` if they cannot be listed. A store looks these up instead of
  /// testing every value it knows.
  public var literalValues: [String]? {
    switch operation {
    case .equal: [value]
    case .matches: regex?.literals
    case .notEqual, .doesNotMatch: nil
    }
  }

  /// Two matchers are equal if they are written alike.
  public static func == (a: Matcher, b: Matcher) -> Bool {
    a.operation == b.operation && a.nameBytes == b.nameBytes && a.valueBytes == b.valueBytes
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(operation)
    hasher.combine(nameBytes)
    hasher.combine(valueBytes)
  }

  /// Instructions of the compiled regular expression.
  var regexInstructions: Int { regex?.instructions ?? 0 }

  var isOnMetricName: Bool { nameBytes == MetricName.labelBytes }
}
