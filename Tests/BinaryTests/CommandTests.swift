import BreakwaterTesting
import ControlModel
import Foundation
import Testing
import Wire

/// The command line against a running service: output, exit codes, and what survives `kill -9`.
@Suite struct `The command line` {
  private let reason = "test: venue rejects most orders"

  @Test(arguments: [
    "", "serve", "demo", "check", "token", "token sign", "token check", "status", "halt", "resume", "resume request",
    "resume status", "tenant", "tenant list", "tenant show", "tenant disable", "tenant enable", "profile",
    "profile list", "profile show", "profile disable", "profile enable", "approvals", "approvals list",
    "approvals show", "approvals approve", "approvals deny", "explain", "automatic", "automatic list", "automatic show",
    "automatic accept", "automatic dismiss", "automatic undo", "drill", "drill list", "drill start", "drill report",
    "window", "window list", "window add", "window remove", "alerts", "alerts list", "alerts ack", "request",
    "audit", "audit list", "audit verify",
  ])
  func `explains itself`(command: String) async throws {
    let words = command.split(separator: " ").map(String.init)
    let result = try await Child(words + ["--help"]).end()
    #expect(result.status == 0)
    #expect(result.output.contains("USAGE: breakwater \(command)".trimmingCharacters(in: .whitespaces)))
  }

  @Test func `says how it is used when it is used wrongly`() async throws {
    for arguments in [["halt"], ["halt", "--all", "--tenant", "a", "--reason", "x"], ["nonsense"]] {
      let result = try await Child(arguments).end()
      #expect(result.status == 64)
      #expect(result.errors.contains("Usage") || result.errors.contains("USAGE"), "\(result.errors)")
      #expect(result.output.isEmpty)
    }
  }

  @Test func `says where it looked when nobody answers, and who to be when nobody is signed in`() async throws {
    let away = try await Binary.run("status", "--server", "http://127.0.0.1:9", "--token", "x")
    #expect(away.status == 1)
    #expect(away.errors.contains("http://127.0.0.1:9") && away.isPlain, "\(away.errors)")
    let installation = try Installation()
    let service = try await installation.serve()
    let nobody = try await Binary.run("status", "--server", service.opsURL)
    #expect(nobody.status == 4)
    #expect(nobody.errors.contains("BREAKWATER_TOKEN"), "\(nobody.errors)")
    #expect(await service.stop().status == 0)
  }

  @Test func `signs tokens with a demo's key only`() async throws {
    let installation = try Installation()
    let result = try await Binary.run(
      "token", "sign", "--role", "admin", "--sub", "ada", "--data", installation.folder.path)
    #expect(result.status == 1)
    #expect(result.errors.contains("no demo key"))
    #expect(result.output.isEmpty)
  }

  @Test func `judges tokens line by line`() async throws {
    let installation = try Installation()
    try installation.writeConfiguration()
    let good = try installation.token(.admin, "ada")
    let result = try await Binary.run(
      "token", "check", "--config", installation.configFile, input: "\(good)\nnot.a.token\n")
    #expect(result.status == 2)
    let lines = result.output.split(separator: "\n")
    #expect(lines.count == 2)
    #expect(lines.first?.contains(#""verdict":"accept""#) == true, "\(result.output)")
    #expect(lines.last?.contains(#""verdict":"refuse""#) == true, "\(result.output)")
  }

  @Test func `stops, shows the proof, waits for a second admin and starts again`() async throws {
    let installation = try Installation()
    let (ada, grace) = (try installation.token(.admin, "ada"), try installation.token(.admin, "grace"))
    let service = try await installation.serve()

    let halt = try await service.command("halt", "--all", "--reason", reason, "--yes", "-o", "json", token: ada)
    #expect(halt.status == 0, "\(halt.errors)")
    let receipt = try halt.decode(ReceiptDocument.self)
    #expect(receipt.state == "sealed" && receipt.durability == "committed")
    let table = try await service.command("status", token: ada)
    #expect(table.output.uppercased().contains("HALTED"), "\(table.output)")

    let ask = try await service.command("resume", "request", "--all", "--reason", "test: all is well", token: ada)
    #expect(ask.status == 3, "\(ask.errors)")
    let pending = try await service.command("approvals", "list", "--status", "pending", "-o", "json", token: ada)
    let approval = try #require(try pending.decode(Page<ApprovalItem>.self).items.first)
    let own = try await service.command("approvals", "approve", approval.id, token: ada)
    #expect(own.status == 2 || own.status == 1)
    #expect(own.errors.contains("approval.self") || own.errors.contains("other"), "\(own.errors)")
    let second = try await service.command("approvals", "approve", approval.id, token: grace)
    #expect(second.status == 0, "\(second.errors)")

    let audit = try await service.command("audit", "verify", token: ada)
    #expect(audit.status == 0, "\(audit.errors)")
    let trace = try await service.command("request", receipt.requestId, token: ada)
    #expect(trace.status == 0)
    #expect(trace.output.contains("control.impose"), "\(trace.output)")
    #expect(await service.stop().status == 0)
  }

  @Test func `an acknowledged stop survives kill -9`() async throws {
    let installation = try Installation()
    let ada = try installation.token(.admin, "ada")
    var service = try await installation.serve()
    for round in 1...3 {
      let scope = round == 1 ? ["--tenant", "heron"] : round == 2 ? ["--profile", "orchid/scalper-1"] : ["--all"]
      let child = try Child(
        ["halt"] + scope + ["--reason", reason, "--yes"],
        environment: ["BREAKWATER_SERVER": service.opsURL, "BREAKWATER_TOKEN": ada])
      #expect(await child.end().status == 0)
      await service.kill()
      service = try await installation.serve()
      let kept = try await service.command("resume", "status", "-o", "json", token: ada)
      #expect(kept.status == 2, "something is still stopped")
      #expect(try kept.decode(Page<ControlItem>.self).items.count == round)
    }
    #expect(await service.stop().status == 0)
    let audit = try await Binary.run("audit", "verify", "--data", installation.dataDir)
    #expect(audit.status == 0, "\(audit.errors)")
  }

  @Test func `an audit log that someone edited does not verify`() async throws {
    let installation = try Installation()
    let ada = try installation.token(.admin, "ada")
    let service = try await installation.serve()
    #expect(try await service.command("halt", "--all", "--reason", reason, "--yes", token: ada).status == 0)
    #expect(await service.stop().status == 0)
    let database = installation.dataDir + "/control.sqlite"
    let whole = try await Binary.run("audit", "verify", "--data", installation.dataDir)
    #expect(whole.status == 0, "\(whole.errors)")
    let change =
      "DROP TRIGGER audit_no_update; UPDATE audit SET leaf = replace(leaf, 'venue rejects', 'nothing happens')"
    #expect(await (try Spawned("/usr/bin/sqlite3", [database, change])).end() == 0)
    let verdict = try await Binary.run("audit", "verify", "--data", installation.dataDir)
    #expect(verdict.status == 2)
    #expect((verdict.output + verdict.errors).contains("1"), "it names the first row that is wrong")
  }
}
