import BreakwaterTesting
import ControlModel
import Foundation
import Testing
import Wire

/// Changing the configuration of a running service.
@Suite struct `A reload` {
  /// Two routes to nowhere: which one is known shows which configuration is in force.
  private func routes(_ path: String) -> String {
    """
    upstreams: { backend: { url: "http://127.0.0.1:9" } }
    routes: [ { path: \(path), upstream: backend, roles: [user, admin] } ]
    """
  }

  @Test func `by signal or by request takes effect whole, and can be taken back`() async throws {
    var installation = try Installation()
    installation.extra = routes("/api/v1/first")
    let service = try await installation.serve()
    let admin = try installation.token(.admin, "ada")
    #expect(try await service.call("GET", "/api/v1/first", token: admin).status == 502)
    #expect(try await service.call("GET", "/api/v1/second", token: admin).status == 404)

    installation.extra = routes("/api/v1/second")
    try installation.writeConfiguration()
    service.child.signal(SIGHUP)
    #expect(
      await eventually { (try? await service.call("GET", "/api/v1/second", token: admin).status) == 502 })
    #expect(try await service.call("GET", "/api/v1/first", token: admin).status == 404)

    let back = try await service.call("POST", "/admin/config/rollback", token: admin)
    #expect(back.status == 200, "\(back.text)")
    #expect(try await service.call("GET", "/api/v1/first", token: admin).status == 502)

    installation.extra = routes("/api/v1/third") + "\nreplica: r9"
    try installation.writeConfiguration()
    let answer = try await service.call("POST", "/admin/config/reload", token: admin)
    let version = try JSONDecoder().decode(ConfigurationVersionItem.self, from: Data(answer.text.utf8))
    #expect(version.version == 4)
    #expect(version.applied == ["routes[0].path"], "\(version)")
    #expect(version.needsRestart == ["replica"])
    #expect(try await service.call("GET", "/api/v1/third", token: admin).status == 502)
    #expect(await service.stop().status == 0)
  }

  @Test func `that is asked for at once after the start ends nothing`() async throws {
    let installation = try Installation()
    let service = try await installation.serve()
    service.child.signal(SIGHUP)
    #expect(try await service.call("GET", "/health/live").status == 200)
    #expect(await service.stop().status == 0)
  }

  @Test func `of a bad file changes nothing and names the line`() async throws {
    var installation = try Installation()
    installation.extra = routes("/api/v1/first")
    let service = try await installation.serve()
    let admin = try installation.token(.admin, "ada")
    installation.extra = routes("/api/v1/second") + "\ncontrols: { approvals: maybe }"
    try installation.writeConfiguration()
    let validated = try await service.call("POST", "/admin/config/validate", token: admin)
    #expect(validated.status == 422)
    let answer = try await service.call("POST", "/admin/config/reload", token: admin)
    #expect(answer.status == 422)
    #expect(answer.text.contains("controls.approvals") && answer.text.contains("line "), "\(answer.text)")
    #expect(try await service.call("GET", "/api/v1/first", token: admin).status == 502)
    #expect(try await service.call("GET", "/api/v1/second", token: admin).status == 404)
    let scraper = try installation.token(.metrics, "prometheus")
    let page = try await service.call("GET", "/metrics", token: scraper).text
    #expect(page.contains("breakwater_config_last_reload_successful 0"))
    #expect(await service.stop().status == 0)
  }
}
