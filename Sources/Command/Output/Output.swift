import ArgumentParser
import Foundation
import Yams

/// How data is shown.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
  case table, json, yaml

  static var fromEnvironment: OutputFormat {
    ProcessInfo.processInfo.environment["BREAKWATER_OUTPUT"].flatMap(OutputFormat.init(rawValue:)) ?? .table
  }
}

/// The two streams. Text is written whole, so that lines of concurrent processes do not mix.
enum Terminal {
  static func print(_ text: String) { FileHandle.standardOutput.write(Data((text + "\n").utf8)) }
  static func note(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }

  static var isInteractive: Bool { isatty(0) == 1 && isatty(2) == 1 }
  private static var usesColor: Bool {
    let environment = ProcessInfo.processInfo.environment
    return isatty(1) == 1 && environment["NO_COLOR"] == nil && environment["TERM"] != "dumb"
  }

  enum Style: String {
    case bold = "1"
    case dim = "2"
    case red = "31"
    case green = "32"
    case yellow = "33"
    case magenta = "35"
  }

  /// Colour only where it is seen by a person; the words say the same without it.
  static func styled(_ text: String, _ style: Style) -> String {
    usesColor ? "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m" : text
  }

  /// Asks on stderr; anything but yes is no.
  static func confirm(_ question: String) -> Bool {
    FileHandle.standardError.write(Data("\(question) [y/N] ".utf8))
    return ["y", "yes"].contains((readLine() ?? "").lowercased())
  }
}

extension OutputFormat {
  /// Shows an answer: as the server gave it, or as `table` makes it.
  func show(_ answer: APIClient.Answer, table: () throws -> String) throws {
    switch self {
    case .table: Terminal.print(try table())
    case .json: Terminal.print(String(decoding: answer.body, as: UTF8.self))
    case .yaml:
      let object = try JSONSerialization.jsonObject(with: Data(answer.body), options: [.fragmentsAllowed])
      Terminal.print(try Yams.dump(object: object, sortKeys: true).trimmingCharacters(in: .newlines))
    }
  }
}

/// Columns padded to their widest cell; nothing is cut.
struct Table {
  private var rows: [[String]] = []

  init(_ header: String...) {
    rows = [header]
  }

  mutating func add(_ cells: String...) { rows.append(cells) }

  var isEmpty: Bool { rows.count == 1 }

  var text: String {
    let widths = (0..<(rows.first?.count ?? 0)).map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      zip(row, widths).enumerated().map { index, cell in
        index == row.count - 1 ? cell.0 : cell.0.padding(toLength: cell.1, withPad: " ", startingAt: 0)
      }.joined(separator: "  ")
    }.joined(separator: "\n")
  }
}
