import ArgumentParser
import Foundation

/// `breakwater metrics …`
struct Metrics: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Metrics: query, snapshot.", subcommands: [Query.self, Snapshot.self])

  struct Query: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Evaluate a PromQL expression, now or over a range; exit 2 when it has no result.")

    @Argument(help: "The expression, e.g. 'sum by (route) (rate(breakwater_http_requests_total[5m]))'.")
    var expression: String
    @Option(help: "Evaluate at this time, RFC 3339 or Unix seconds. Default: now.") var at: String?
    @Option(help: "Evaluate over so long up to then, e.g. 1h.") var range: String?
    @Option(help: "Distance between points of a range.") var step = "15s"
    @OptionGroup var server: ServerOptions

    func run() async throws {
      try await finish {
        let answer = try await server.client.prometheus(try path)
        let document = try answer.decode(Document.self)
        try server.output.show(answer) { document.table }
        return document.isEmpty ? .no : .done
      }
    }

    private var path: String {
      get throws {
        let query = "query=\(expression.urlEncoded)"
        guard let range else { return "/api/v1/query?\(query)" + (at.map { "&time=\($0.urlEncoded)" } ?? "") }
        let end = try at.map(Self.seconds) ?? Date().timeIntervalSince1970
        let start = end - (try Self.duration(range))
        return "/api/v1/query_range?\(query)&start=\(start)&end=\(end)&step=\(step.urlEncoded)"
      }
    }

    private static func seconds(_ text: String) throws -> Double {
      if let seconds = Double(text) { return seconds }
      guard let date = try? Date(text, strategy: .iso8601) else {
        throw ValidationError("--at is RFC 3339 or Unix seconds, not \"\(text)\"")
      }
      return date.timeIntervalSince1970
    }

    private static func duration(_ text: String) throws -> Double {
      let units: [Character: Double] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
      guard let unit = text.last.flatMap({ units[$0] }), let count = Double(text.dropLast()), count > 0 else {
        throw ValidationError("--range is a number and s, m, h or d, not \"\(text)\"")
      }
      return count * unit
    }
  }

  struct Snapshot: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Write every sample as Prometheus blocks into the data directory, for `promtool tsdb` or a Prometheus.")
    @OptionGroup var server: ServerOptions

    func run() async throws {
      try await finish {
        let answer = try await server.client.post("/admin/metrics/snapshot", [String: String]())
        try server.output.show(answer) { try answer.decode([String: String].self)["folder"] ?? "" }
        return .done
      }
    }
  }

  /// An answer of the Prometheus API, as far as a table shows it.
  private struct Document: Decodable {
    struct Series: Decodable {
      let metric: [String: String]
      let value: [Cell]?
      let values: [[Cell]]?
    }

    enum Cell: Decodable {
      case number(Double)
      case text(String)

      init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let number = try? container.decode(Double.self) {
          self = .number(number)
        } else {
          self = .text(try container.decode(String.self))
        }
      }

      var text: String {
        switch self {
        case .number(let number): Date(timeIntervalSince1970: number).formatted(.iso8601)
        case .text(let text): text
        }
      }
    }

    let series: [Series]
    let scalar: [Cell]

    enum Keys: String, CodingKey { case data, resultType, result }

    init(from decoder: any Decoder) throws {
      let data = try decoder.container(keyedBy: Keys.self).nestedContainer(keyedBy: Keys.self, forKey: .data)
      let type = try data.decode(String.self, forKey: .resultType)
      series = type == "vector" || type == "matrix" ? try data.decode([Series].self, forKey: .result) : []
      scalar = type == "scalar" || type == "string" ? try data.decode([Cell].self, forKey: .result) : []
    }

    var isEmpty: Bool { series.isEmpty && scalar.isEmpty }

    var table: String {
      if let value = scalar.last { return value.text }
      var table = Table("SERIES", "AT", "VALUE")
      for one in series {
        for point in (one.value.map { [$0] } ?? one.values ?? []) where point.count == 2 {
          table.add(Self.name(one.metric), point[0].text, point[1].text)
        }
      }
      return table.text
    }

    private static func name(_ metric: [String: String]) -> String {
      let labels = metric.filter { $0.key != "__name__" }.sorted { $0.key < $1.key }.map { "\($0.key)=\"\($0.value)\"" }
      return (metric["__name__"] ?? "") + (labels.isEmpty ? "" : "{\(labels.joined(separator: ","))}")
    }
  }
}
