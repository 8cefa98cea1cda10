/// What may name a label or a metric.
enum LabelName {
  /// `[a-zA-Z_][a-zA-Z0-9_]*`: what a query may write without quotes.
  static func isPlain(_ name: some Collection<UInt8>) -> Bool {
    guard let first = name.first, isLetter(first) else { return false }
    return name.allSatisfy { isLetter($0) || isDigit($0) }
  }

  /// `[a-zA-Z_:][a-zA-Z0-9_:]*`: what a query may write as a metric without quotes.
  static func isPlainMetric(_ name: some Collection<UInt8>) -> Bool {
    guard let first = name.first, isLetter(first) || first == UInt8(ascii: ":") else { return false }
    return name.allSatisfy { isLetter($0) || isDigit($0) || $0 == UInt8(ascii: ":") }
  }

  /// The name as a query writes it: plain or quoted.
  static func printed(_ name: String) -> String {
    isPlain(name.utf8) ? name : Quoted.text(name)
  }

  static func isLetter(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"): true
    default: false
    }
  }

  static func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }
}
