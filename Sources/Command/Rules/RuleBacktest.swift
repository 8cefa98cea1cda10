import Alerting
import ArgumentParser
import ControlModel
import Foundation
import Wire

/// `breakwater rules backtest [FILE…]`
struct RuleBacktest: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "backtest",
    abstract: "What alerts would have done over stored history, `for` included; exit 2 when one would have fired.",
    discussion: """
      Without files the rules in force are tried. --record keeps the result as the record that control_mode: auto
      requires; with --write it is added to a file for controls.automatic.backtests of other installations.
      """)
  @Argument(help: "Rule files.") var files: [String] = []
  @Option(help: "Only this alert.") var alert: String?
  @Option(help: "How far back, e.g. 6h.") var since = "1h"
  @Option(help: "Beginning (RFC 3339), instead of --since.") var start: String?
  @Option(help: "End (RFC 3339); now when absent.") var end: String?
  @Option(help: "Time between evaluations; as fine as the range allows when absent.") var step: String?
  @Flag(help: "Keep the result on the server; admin.") var record = false
  @Option(help: "With --record: the file to add the records to.") var write: String?
  @Flag(help: "The firings were looked at and are right.") var accept = false
  @OptionGroup var server: ServerOptions

  func validate() throws {
    guard DurationSetting.milliseconds(since) != nil else { throw ValidationError("--since takes e.g. 90m or 6h.") }
    guard write == nil || record else { throw ValidationError("--write goes with --record.") }
  }

  func run() async throws {
    try await finish {
      var items: [BacktestDocument] = []
      var answers: [APIClient.Answer] = []
      for file in files.isEmpty ? [nil] : files.map(Optional.some) {
        let text = try file.map(RuleReading.text)
        let answer = try await server.client.post("/admin/rules/backtest", request(text, file))
        answers.append(answer)
        items += try answer.decode(Page<BacktestDocument>.self).items
      }
      if let write { try await add(items, to: write) }
      if server.output == .table {
        for item in items { Terminal.print(Self.text(item)) }
        Terminal.print("\(items.count) alerts, \(items.count { $0.count > 0 }) would have fired")
      } else {
        for answer in answers { try server.output.show(answer) { "" } }
      }
      return items.contains { $0.count > 0 } ? .no : .done
    }
  }

  /// Replaces the records of the rules that were tried, and leaves the file's others as they are.
  private func add(_ items: [BacktestDocument], to path: String) async throws {
    let tried = Set(items.map(\.ruleHash))
    let kept = try await server.client.get("/admin/rules/backtests").decode(Kept.self).items
    var library = BacktestLibrary()
    if let before = FileManager.default.contents(atPath: path) {
      guard let records = try? BacktestLibrary.records([UInt8](before)) else {
        throw CommandFailure(.failed, "\(path) holds no backtests; name a new file or one that --write made.")
      }
      library = BacktestLibrary(records)
    }
    for record in kept where tried.contains(record.ruleHash) { library.add(record) }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try (encoder.encode(library.all) + Data("\n".utf8)).write(to: URL(fileURLWithPath: path), options: .atomic)
  }

  private struct Kept: Decodable {
    let items: [BacktestRecord]
  }

  private func request(_ rules: String?, _ file: String?) -> BacktestRequest {
    var start = start
    if start == nil, let span = DurationSetting.milliseconds(since) {
      let until = end.flatMap { WallTime(rfc3339: $0) }?.unixMilliseconds ?? Int64(Date().timeIntervalSince1970 * 1000)
      start = WallTime(unixMilliseconds: until - span).description
    }
    return BacktestRequest(
      rules: rules, file: file, alert: alert, start: start, end: end, step: step, record: record ? true : nil,
      accept: accept ? true : nil)
  }

  /// One alert: verdict, a bar of the range with the firings filled in, each firing.
  private static func text(_ item: BacktestDocument) -> String {
    let span = " for \(item.hold)"
    var lines = [
      "\(Terminal.styled(item.rule, .bold))  \(item.verdict)\(span)  hash \(item.ruleHash)", "  \(bar(item))",
    ]
    if !item.missing.isEmpty {
      lines.append("  proves nothing: not stored all the time: \(item.missing.joined(separator: ", "))")
    }
    if item.count > 0 {
      lines.append("  fired \(item.count) times, longest \(DurationSetting.text(milliseconds: item.longestMs))")
    }
    for firing in item.firings.prefix(10) {
      let labels = firing.labels.filter { !["alertname", "severity", "control", "control_mode"].contains($0.key) }
        .sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
      lines.append("  \(firing.from) to \(firing.to ?? "the end")  value \(firing.value)  \(labels)")
    }
    if item.firings.count > 10 { lines.append("  and \(item.firings.count - 10) more; see -o json") }
    if item.permitsAuto { lines.append("  kept: this rule may act by itself") }
    return lines.joined(separator: "\n")
  }

  private static let barWidth = 72

  private static func bar(_ item: BacktestDocument) -> String {
    guard let start = WallTime(rfc3339: item.start), let end = WallTime(rfc3339: item.end) else { return "" }
    let length = max(1, end.unixMilliseconds - start.unixMilliseconds)
    var cells = Array(repeating: "·", count: barWidth)
    for firing in item.firings {
      guard let from = WallTime(rfc3339: firing.from) else { continue }
      let to = firing.to.flatMap { WallTime(rfc3339: $0) } ?? end
      func cell(_ time: WallTime) -> Int {
        min(barWidth - 1, max(0, Int((time.unixMilliseconds - start.unixMilliseconds) * Int64(barWidth) / length)))
      }
      for index in cell(from)...max(cell(from), cell(to)) { cells[index] = "█" }
    }
    return cells.joined()
  }
}
