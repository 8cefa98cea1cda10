import Foundation
import Testing

@testable import Strategy

/// Reads files of `Fixtures/`.
enum Fixture {
  static func bytes(_ path: String) throws -> [UInt8] {
    let url = try #require(Bundle.module.url(forResource: "Fixtures/\(path)", withExtension: nil))
    return [UInt8](try Data(contentsOf: url))
  }

  static func bars(_ symbol: String) throws -> [Bar] {
    try BarFile.parse(bytes("bars/\(symbol).csv"))
  }

  /// Rows of a CSV by column name.
  static func table(_ path: String) throws -> Table {
    Table(String(decoding: try bytes(path), as: UTF8.self))
  }

  static let symbols = ["AAPL", "GOOG", "IBM", "MSFT"]
}

struct Table {
  let columns: [String: Int]
  let rows: [[Substring]]

  init(_ text: String) {
    var lines = text.split(whereSeparator: \.isNewline)
    let names = lines.isEmpty ? [] : lines.removeFirst().split(separator: ",", omittingEmptySubsequences: false)
    columns = Dictionary(uniqueKeysWithValues: names.enumerated().map { (String($1), $0) })
    rows = lines.map { $0.split(separator: ",", omittingEmptySubsequences: false) }
  }

  func text(_ row: Int, _ column: String) throws -> Substring {
    rows[row][try #require(columns[column])]
  }

  /// nil for an empty cell.
  func numbers(_ column: String) throws -> [Double?] {
    let index = try #require(columns[column])
    return try rows.map { row throws -> Double? in
      let cell = row[index]
      if cell.isEmpty { return nil }
      let number: Double = try #require(Double(cell), "\(column) holds \"\(cell)\"")
      return number
    }
  }
}
