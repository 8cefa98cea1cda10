/// Why a query was not understood, and where.
package struct ParseError: Error, Equatable, CustomStringConvertible {
  package let message: String
  /// Where the offending part starts, in UTF-8 bytes from the start of the query.
  package let offset: Int
  /// From 1.
  package let line: Int
  /// In characters (Unicode scalars) of the line, from 1.
  package let column: Int

  init(_ message: String, at offset: Int, in input: [UInt8]) {
    self.message = message
    self.offset = offset
    let before = input.prefix(offset)
    line = before.count(where: { $0 == UInt8(ascii: "\n") }) + 1
    let lineStart = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
    column = String(decoding: before[lineStart...], as: UTF8.self).unicodeScalars.count + 1
  }

  /// As Prometheus words it: `1:5: parse error: …`.
  package var description: String { "\(line):\(column): parse error: \(message)" }
}
