import AdminAPI
import ArgumentParser
import Breakwater
import Foundation
import Store
import Wire

/// `breakwater audit …`
struct Audit: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "The audit log: list, verify, export, prove.",
    subcommands: [List.self, Verify.self, Export.self, Prove.self])

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
      abstract: "Walk the whole log; exit 2 and the first bad entry when it is broken.",
      discussion: """
        Without options the service walks its own log. --data and --offline need no service; --witness also finds that the
        newest entries are missing.
        """)

    @Option(help: "Verify this data directory's audit log without the service.")
    var data: String?

    @Option(help: "Verify this export without the service.")
    var offline: String?

    @Option(help: "With --offline: a verifier key, or a file of them (audit.pub). Default: those the export names.")
    var key: String?

    @Option(help: "A witness file to compare with.")
    var witness: String?

    @OptionGroup var server: ServerOptions

    func validate() throws {
      if data != nil, offline != nil { throw ValidationError("name one of --data and --offline") }
      if witness != nil || key != nil, data == nil, offline == nil {
        throw ValidationError("--witness and --key go with --data or --offline")
      }
    }

    func run() async throws {
      try await finish {
        let verdict: AuditVerdictDocument
        if data != nil || offline != nil {
          do throws(StoreFailure) {
            if let data {
              verdict = try OfflineAudit.verify(data, witness: witness)
            } else {
              verdict = try OfflineAudit.verify(export: offline ?? "", keys: key, witness: witness)
            }
          } catch {
            throw CommandFailure(.failed, error.message)
          }
          if server.output == .json {
            Terminal.print(String(decoding: WireJSON.encode(verdict), as: UTF8.self))
          } else {
            Terminal.print(Self.text(verdict))
          }
        } else {
          let answer = try await server.client.get("/admin/audit/verify")
          verdict = try answer.decode(AuditVerdictDocument.self)
          try server.output.show(answer) { Self.text(verdict) }
        }
        return verdict.isSound ? .done : .no
      }
    }

    private static func text(_ verdict: AuditVerdictDocument) -> String {
      guard verdict.isSound else {
        return
          "BROKEN at entry \(verdict.firstBad ?? 0): \(verdict.problem ?? ""); \(verdict.verified) entries before it are sound"
      }
      let head = "verified \(verdict.verified) entries in \(verdict.elapsedMs) ms, head \(verdict.head.prefix(16))…"
      return "\(head), \(verdict.vouched) under a signed checkpoint   OK"
    }
  }

  struct Export: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Write the whole log to a file that can be verified anywhere.")

    @Argument(help: "The file to write; - is standard output.")
    var file: String

    @OptionGroup var server: ServerOptions

    func run() async throws {
      try await finish {
        var output = FileHandle.standardOutput
        if file != "-" {
          guard FileManager.default.createFile(atPath: file, contents: nil),
            let opened = FileHandle(forWritingAtPath: file)
          else { throw CommandFailure(.failed, "\(file) cannot be written") }
          output = opened
        }
        var path: String? = "/admin/audit/export"
        while let next = path {
          let answer = try await server.client.get(next)
          try output.write(contentsOf: Data(answer.body))
          path = answer.next
        }
        try output.close()
        if file != "-" { Terminal.note("Verify it with: breakwater audit verify --offline \(file) --key audit.pub") }
        return .done
      }
    }
  }

  struct Prove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show that an entry is in the log, and check the proof here; exit 2 when it does not hold.")

    @Argument(help: "The entry's sequence number.")
    var sequence: Int64

    @Option(help: "A verifier key, or a file of them (audit.pub), to check who signed.")
    var key: String?

    @OptionGroup var server: ServerOptions

    func run() async throws {
      try await finish {
        let answer = try await server.client.get("/admin/audit/proofs/inclusion?seq=\(sequence)")
        let document = try answer.decode(AuditProofDocument.self)
        let (isProved, sentence) = OfflineAudit.isProved(document, keys: key)
        try server.output.show(answer) {
          "\(document.leaf ?? "")\n\(isProved ? "proved" : "NOT PROVED"): \(sentence), \(document.proof.count) hashes"
        }
        return isProved ? .done : .no
      }
    }
  }
}
