import AdminAPI
import ArgumentParser
import Foundation
import Store
import Wire

/// `breakwater history …`
struct History: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "What gates, stops and releases did: export, check.", subcommands: [Check.self, Export.self])

  struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Judge a history by P1 to P8; exit 2 names the property and the lines that break it.",
      discussion: "Several files are one history: those of all replicas of a machine, and a venue's.")

    @Argument(help: "Histories: lines of JSON.")
    var files: [String]

    @Option(name: [.customShort("o"), .long], help: "table or json.")
    var output: OutputFormat = OutputFormat.fromEnvironment

    func run() async throws {
      try await finish {
        var events: [HistoryEvent] = []
        var places: [(file: String, line: Int)] = []
        for file in files {
          guard let bytes = try? Data(contentsOf: URL(fileURLWithPath: file), options: .mappedIfSafe) else {
            throw CommandFailure(.failed, "\(file) cannot be read")
          }
          do throws(StoreFailure) {
            let read = try HistoryCheck.read(bytes)
            places += read.indices.map { (file, $0 + 1) }
            events += read
          } catch {
            throw CommandFailure(.failed, "\(file): \(error.message)")
          }
        }
        let report = HistoryCheck.check(events)
        let document = HistoryDocument(
          isSound: report.isSound, events: report.events, orders: report.orders, stops: report.stops,
          releases: report.releases, runs: report.runs, missing: report.missing,
          violations: report.violations.map { violation in
            HistoryDocument.Violation(
              property: violation.property, sentence: violation.sentence,
              lines: violation.lines.map { "\(places[$0 - 1].file):\(places[$0 - 1].line)" })
          })
        if output == .json {
          Terminal.print(String(decoding: WireJSON.encode(document), as: UTF8.self))
        } else {
          Terminal.print(Self.text(document))
        }
        return report.isSound ? .done : .no
      }
    }

    private static func text(_ document: HistoryDocument) -> String {
      var lines = document.violations.prefix(20).map {
        "\($0.property): \($0.sentence)\n    \($0.lines.joined(separator: "\n    "))"
      }
      if document.violations.count > 20 { lines.append("… and \(document.violations.count - 20) more") }
      let seen =
        "\(document.events) events: \(document.orders) orders, \(document.stops) sealed stops, \(document.releases) releases, \(document.runs) starts"
      let gaps = document.missing == 0 ? "" : "; \(document.missing) events are missing, so this is only what was seen"
      lines.append(
        document.isSound
          ? "P1–P8 hold over \(seen)\(gaps)   OK"
          : "BROKEN: \(document.violations.count) violations over \(seen)\(gaps)")
      return lines.joined(separator: "\n")
    }
  }

  struct Export: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Write a replica's history to a file.")

    @Argument(help: "The file to write; - is standard output.")
    var file: String

    @OptionGroup var server: ServerOptions

    func run() async throws {
      try await finish {
        let answer = try await server.client.get("/admin/history/export")
        if file == "-" {
          FileHandle.standardOutput.write(Data(answer.body))
        } else {
          guard FileManager.default.createFile(atPath: file, contents: Data(answer.body)) else {
            throw CommandFailure(.failed, "\(file) cannot be written")
          }
          Terminal.note("Check it with: breakwater history check \(file)")
        }
        return .done
      }
    }
  }
}
