import BreakwaterTesting
import ControlModel
import Foundation
import Testing
import Wire

/// Stopping from the machine itself: no token, no keys, no network.
@Suite struct `The local socket` {
  @Test func `stops without a token, is on record as the local user, and survives kill -9`() async throws {
    let installation = try Installation()
    let service = try await installation.serve()
    let path = installation.dataDir + "/breakwater.sock"
    let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    #expect(mode == 0o600)
    let halt = try await Binary.run(
      "halt", "--all", "--reason", "test: from this machine", "--local", installation.dataDir, "-o", "json")
    #expect(halt.status == 0, "\(halt.errors)")
    let receipt = try halt.decode(ReceiptDocument.self)
    #expect(receipt.state == "sealed" && receipt.durability == "committed")
    await service.kill()

    let next = try await installation.serve()
    let ada = try installation.token(.admin, "ada")
    let kept = try await next.command("resume", "status", "-o", "json", token: ada)
    let items = try kept.decode(Page<ControlItem>.self).items
    #expect(items.map(\.id) == [receipt.control])
    #expect(items.first?.actor.hasPrefix("local:uid=") == true)
    #expect(await next.stop().status == 0)
    #expect(!FileManager.default.fileExists(atPath: path), "a service that ended in good order leaves no socket")
  }

  @Test func `refuses what is not a stop, with the sentence the network would give`() async throws {
    let installation = try Installation()
    let service = try await installation.serve()
    let local = ["--local", installation.dataDir]
    let unknown = try await Child(["halt", "--tenant", "orchit", "--reason", "test: misspelled"] + local).end()
    #expect(unknown.status == 1 && unknown.errors.contains("orchid"), "\(unknown.errors)")
    let short = try await Child(["halt", "--all", "--reason", "short"] + local).end()
    #expect(short.status == 1 && short.errors.contains("reason"), "\(short.errors)")
    #expect(await service.stop().status == 0)
    let nobody = try await Child(["halt", "--all", "--reason", "test: nobody is there"] + local).end()
    #expect(nobody.status == 1 && nobody.errors.contains("running"), "\(nobody.errors)")
    #expect(nobody.isPlain)
  }

  @Test func `stops when every listener is out of reach`() async throws {
    let installation = try Installation()
    let service = try await installation.serve()
    let halt = try await Binary.run(
      "halt", "--all", "--reason", "test: the network is gone", "--local", installation.dataDir, "--server",
      "http://127.0.0.1:9", "-o", "json")
    #expect(halt.status == 0, "\(halt.errors)")
    #expect(await service.stop().status == 0)
  }
}
