import AdminAPI
import ArgumentParser
import Breakwater
import Store
import Wire

/// `breakwater audit …`
struct Audit: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "The audit log: list, verify.", subcommands: [List.self, Verify.self])

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Audit records, newest first.")
    @Option(help: "Only this request's.") var request: String?
    @Option(help: "Only this actor's.") var actor: String?
    @Option(help: "Only this action, e.g. control.impose.") var action: String?
    @Option(help: "At most this many.") var limit = 50
    @OptionGroup var server: ServerOptions

    func run() async throws {
      try await finish {
        let filters = [("requestId", request), ("actor", actor), ("action", action), ("limit", String(limit))]
        let query = filters.compactMap { name, value in value.map { "\(name)=\($0.urlEncoded)" } }.joined(
          separator: "&")
        let answer = try await server.client.get("/admin/audit?\(query)")
        try server.output.show(answer) {
          var table = Table("SEQ", "AT", "ACTOR", "ACTION", "OBJECT", "SUMMARY", "REASON")
          for item in try answer.decode(Page<AuditItem>.self).items {
            table.add(
              String(item.seq), item.at, item.actor, item.action, item.object, item.summary, item.reason)
          }
          return table.text
        }
        return .done
      }
    }
  }

  struct Verify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Walk the whole chain; exit 2 and the first bad row when it is broken.")

    @Option(help: "Verify this data directory's audit log without the service.")
    var data: String?

    @OptionGroup var server: ServerOptions

    func run() async throws {
      try await finish {
        let verdict: AuditVerdictDocument
        if let data {
          do throws(StoreFailure) {
            verdict = try OfflineAudit.verify(data)
          } catch {
            throw CommandFailure(.failed, error.message)
          }
          Terminal.print(Self.text(verdict))
        } else {
          let answer = try await server.client.get("/admin/audit/verify")
          verdict = try answer.decode(AuditVerdictDocument.self)
          try server.output.show(answer) { Self.text(verdict) }
        }
        return verdict.isSound ? .done : .no
      }
    }

    private static func text(_ verdict: AuditVerdictDocument) -> String {
      verdict.isSound
        ? "verified \(verdict.verified) entries in \(verdict.elapsedMs) ms, head \(verdict.head.prefix(16))…   OK"
        : "BROKEN at entry \(verdict.firstBad ?? 0): \(verdict.problem ?? ""); \(verdict.verified) entries before it are sound"
    }
  }
}
