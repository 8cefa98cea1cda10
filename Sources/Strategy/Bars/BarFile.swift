import ControlModel

/// Reader of recorded series: CSV with the header `date,open,high,low,close,volume`, ascending.
///
/// A date is `2013-03-01` (midnight UTC) or RFC 3339. Numbers are plain decimals. Lines end in LF or CRLF.
package enum BarFile {
  /// Bars in one file: ten years of minutes. Bounds the memory a file can claim (48 bytes a bar).
  package static let barsMax = 5_000_000
  /// A line of six numbers is under 100 bytes; a longer one is not a bar.
  package static let lineBytesMax = 256
  /// The first line, to the letter.
  package static let header = "date,open,high,low,close,volume"

  /// All bars of `bytes`, or the first line that is wrong.
  package static func parse(_ bytes: [UInt8]) throws(BarFileError) -> [Bar] {
    var bars: [Bar] = []
    bars.reserveCapacity(Swift.min(bytes.count / 32, barsMax))
    var line = 0
    var start = 0
    while start < bytes.count {
      line += 1
      let end = bytes[start...].prefix(lineBytesMax + 1).firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
      var text = bytes[start..<end]
      start = end + 1
      if text.last == UInt8(ascii: "\r") { text = text.dropLast() }
      guard text.count <= lineBytesMax else { throw BarFileError(line: line, reason: .lineTooLong) }
      if line == 1 {
        guard text.elementsEqual(header.utf8) else { throw BarFileError(line: line, reason: .header) }
        continue
      }
      guard bars.count < barsMax else { throw BarFileError(line: line, reason: .tooManyBars) }
      do throws(BarFileError.Reason) {
        let bar = try bar(text)
        if let last = bars.last, bar.start <= last.start { throw .bar(.notAscending) }
        bars.append(bar)
      } catch {
        throw BarFileError(line: line, reason: error)
      }
    }
    guard line > 0 else { throw BarFileError(line: 1, reason: .header) }
    return bars
  }

  private static func bar(_ line: ArraySlice<UInt8>) throws(BarFileError.Reason) -> Bar {
    let fields = line.split(separator: UInt8(ascii: ","), maxSplits: 6, omittingEmptySubsequences: false)
    guard fields.count == 6 else { throw .fieldCount(fields.count) }
    guard let start = time(fields[0]) else { throw .date }
    var numbers = (0.0, 0.0, 0.0, 0.0, 0.0)
    numbers.0 = try number(fields[1], "open")
    numbers.1 = try number(fields[2], "high")
    numbers.2 = try number(fields[3], "low")
    numbers.3 = try number(fields[4], "close")
    numbers.4 = try number(fields[5], "volume")
    do {
      return try Bar(
        start: start, open: numbers.0, high: numbers.1, low: numbers.2, close: numbers.3, volume: numbers.4)
    } catch {
      throw .bar(error)
    }
  }

  private static func time(_ field: ArraySlice<UInt8>) -> WallTime? {
    guard field.count == 10 else { return WallTime(rfc3339: String(decoding: field, as: UTF8.self)) }
    return WallTime(rfc3339: String(decoding: field, as: UTF8.self) + "T00:00:00Z")
  }

  /// A plain decimal. `Double.init` alone would also take `nan`, `inf`, `0x1p3` and `1e400`.
  private static func number(_ field: ArraySlice<UInt8>, _ column: String) throws(BarFileError.Reason) -> Double {
    guard !field.isEmpty else { throw .absent(column) }
    let isPlain = field.enumerated().allSatisfy { offset, byte in
      (48...57).contains(byte) || byte == UInt8(ascii: ".") || (byte == UInt8(ascii: "-") && offset == 0)
    }
    guard isPlain, let value = Double(String(decoding: field, as: UTF8.self)) else { throw .number(column) }
    return value
  }
}

/// The first line of a bar file that was refused.
package struct BarFileError: Error, Equatable, Sendable, CustomStringConvertible {
  /// Counted from 1, the header included.
  package let line: Int
  package let reason: Reason

  /// The closed list of what can be wrong with a line.
  package enum Reason: Error, Equatable, Sendable {
    case header
    case lineTooLong
    case tooManyBars
    case fieldCount(Int)
    case date
    case absent(String)
    case number(String)
    case bar(BarProblem)
  }

  package var description: String {
    let text =
      switch reason {
      case .header: "the first line must be \"\(BarFile.header)\""
      case .lineTooLong: "longer than \(BarFile.lineBytesMax) bytes"
      case .tooManyBars: "more than \(BarFile.barsMax) bars"
      case .fieldCount(let count): "expected 6 fields, got \(count)"
      case .date: "the date is neither YYYY-MM-DD nor RFC 3339"
      case .absent(let column): "\(column) is empty"
      case .number(let column): "\(column) is not a plain decimal"
      case .bar(let problem): problem.rawValue
      }
    return "line \(line): \(text)"
  }
}
