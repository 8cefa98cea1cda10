import ArgumentParser
import ControlModel
import Telemetry

/// `breakwater reference …`: the parts of docs/reference that come from the code. `make docs` writes them.
struct Reference: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print a generated reference page.", shouldDisplay: false, subcommands: [Metrics.self, Errors.self])

  struct Metrics: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "docs/reference/metrics.md")

    func run() async throws {
      var lines = [
        "# Metrics", "",
        "Everything `/metrics` exposes, in the Prometheus text format 0.0.4. A label keeps at most its cap of values; the next ones",
        "are folded into `_other` and counted in `breakwater_label_overflow_total`. Written by `make docs`.", "",
        "| metric | kind | labels (cap) | meaning |", "|---|---|---|---|",
      ]
      for metric in MetricCatalog.all.sorted(by: { $0.name < $1.name }) {
        let labels = metric.labels.map { "`\($0.name)` (\($0.cap))" }.joined(separator: ", ")
        lines.append("| `\(metric.name)` | \(metric.kind.text) | \(labels.isEmpty ? "–" : labels) | \(metric.help) |")
      }
      Terminal.print(lines.joined(separator: "\n"))
    }
  }

  struct Errors: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "docs/reference/errors.md")

    func run() async throws {
      var lines = [
        "# Errors", "",
        "Every refusal is `application/problem+json` (RFC 9457): `type`, `title`, `status`, `detail`, `instance`, `code`, `requestId`,",
        "and where they apply `retryAfter` (seconds, also as `Retry-After`) and `errors` (`field`, `problem`). Act on `code`; `detail` is",
        "for people. A 401 carries `WWW-Authenticate: Bearer`, a 405 `Allow`. Written by `make docs`.", "",
        "| code | status | who has to act | title |", "|---|---|---|---|",
      ]
      for code in RefusalCode.allCases {
        lines.append("| `\(code.rawValue)` | \(code.status) | \(code.source.rawValue) | \(code.title) |")
      }
      Terminal.print(lines.joined(separator: "\n"))
    }
  }
}
