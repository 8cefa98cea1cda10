import BreakwaterTesting
import ControlModel
import Foundation
import NIOCore
import NIOPosix
import Testing

/// What an operator does wrong, or what the machine does to them: one sentence, an exit code, nothing lost.
@Suite struct `Bad input to the binary` {
  /// A configuration that must not start: exit 1 and a sentence that holds all of `parts`.
  private func refuses(_ installation: Installation, _ parts: String...) async throws {
    let result = try await Binary.run("serve", "--config", installation.configFile)
    #expect(result.status == 1)
    #expect(result.isPlain, "\(result.errors)")
    for part in parts { #expect(result.errors.contains(part), "\(result.errors)") }
  }

  @Test func `wrong YAML is named with file, line, key and what is allowed`() async throws {
    let installation = try Installation()
    try Data("server: { listen: \"127.0.0.1:0\" }\ncontrols:\n  approvals: maybe\n".utf8)
      .write(to: URL(fileURLWithPath: installation.configFile))
    for command in ["check", "serve"] {
      let result = try await Binary.run(command, "--config", installation.configFile)
      #expect(result.status == 1)
      #expect(result.errors.contains("\(installation.configFile):3: controls.approvals"), "\(result.errors)")
      #expect(result.errors.contains("required") && result.errors.contains("off"), "\(result.errors)")
    }
  }

  @Test func `a file that is no YAML is named with its line`() async throws {
    let installation = try Installation()
    try Data("server: {\n  listen: [\n".utf8).write(to: URL(fileURLWithPath: installation.configFile))
    try await refuses(installation, installation.configFile + ":")
  }

  @Test func `a missing configuration is named`() async throws {
    let result = try await Binary.run("serve", "--config", "/nonexistent/breakwater.yaml")
    #expect(result.status == 1)
    #expect(result.errors.contains("/nonexistent/breakwater.yaml"))
  }

  @Test func `a port in use is named with its setting`() async throws {
    let other = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .bind(host: "127.0.0.1", port: 0).get()
    let address = "127.0.0.1:\(try #require(other.localAddress?.port))"
    let installation = try Installation()
    try installation.writeConfiguration(ops: address)
    try await refuses(installation, "\(address) is in use", "server.ops")
    try installation.writeConfiguration(listen: address)
    try await refuses(installation, "\(address) is in use", "server.listen")
    try await other.close().get()
  }

  @Test func `a data directory that cannot be written is named`() async throws {
    let installation = try Installation()
    let file = installation.folder.file("file")
    try Data().write(to: URL(fileURLWithPath: file))
    try installation.writeConfiguration(dataDir: file + "/data")
    try await refuses(installation, file + "/data", "cannot be")
  }

  @Test func `a second process on the same data directory is refused and the first goes on`() async throws {
    let installation = try Installation()
    let service = try await installation.serve()
    try await refuses(installation, installation.dataDir, "another")
    #expect(try await service.call("GET", "/health/ready").status == 200)
    #expect(await service.stop().status == 0)
  }

  @Test func `a damaged control database is named and not overwritten`() async throws {
    let installation = try Installation()
    _ = await (try installation.serve()).stop()
    let file = URL(fileURLWithPath: installation.dataDir + "/control.sqlite")
    let damaged = Data(repeating: 0x5a, count: 8192)
    try damaged.write(to: file)
    for suffix in ["-wal", "-shm"] { try? FileManager.default.removeItem(atPath: file.path + suffix) }
    try await refuses(installation, "control.sqlite")
    #expect(try Data(contentsOf: file) == damaged)
  }

  @Test func `an unreachable key set keeps the service up, unready and refusing tokens by name`() async throws {
    var installation = try Installation()
    installation.jwks = "http://127.0.0.1:9/jwks.json"
    let service = try await installation.serve()
    let ready = try await service.call("GET", "/health/ready")
    #expect(ready.status == 503, "\(ready.text)")
    #expect(ready.text.contains("keys"), "\(ready.text)")
    #expect(try await service.call("GET", "/health/live").status == 200)
    let answer = try await service.call("GET", "/admin/status", token: installation.token(.admin, "ada"))
    #expect(answer.status == 503)
    #expect(answer.code == "auth.unavailable", "\(answer.text)")
    #expect(await service.stop().status == 0)
  }

  @Test func `an expired token, an unknown tenant and a body over the limit each have a code`() async throws {
    let installation = try Installation()
    let service = try await installation.serve()
    let expired = try installation.token(.admin, "ada", at: SystemTime.now.adding(milliseconds: -7_200_000))
    let late = try await service.call("GET", "/admin/status", token: expired)
    #expect(late.status == 401)
    #expect(late.code == "auth.expired", "\(late.text)")
    let admin = try installation.token(.admin, "ada")
    let nobody = try await service.call("GET", "/admin/tenants/orchidd", token: admin)
    #expect(nobody.status == 404)
    #expect(nobody.text.contains("orchid"), "\(nobody.text)")
    let large = try await service.call(
      "POST", "/admin/halt", token: admin, body: Array(repeating: UInt8(ascii: " "), count: 2 * 1024 * 1024))
    #expect(large.status == 413)
    #expect(large.code == "request.too_large", "\(large.text)")
    #expect(await service.stop().status == 0)
  }
}
