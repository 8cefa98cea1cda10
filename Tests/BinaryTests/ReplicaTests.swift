import BreakwaterTesting
import ControlModel
import Foundation
import Testing
import Wire

/// Three real processes on one control store, and the same faults `make faults` has hundreds of.
@Suite(.serialized) struct `Replicas of one machine` {
  private let shared: TemporaryFolder
  private let homes: [Installation]

  init() throws {
    shared = try TemporaryFolder()
    var homes: [Installation] = []
    for number in 1...3 {
      var home = try Installation()
      home.extra = """
        replica: r\(number)
        store: { path: "\(shared.file("store"))" }
        controls: { lease: 1s }
        """
      homes.append(home)
    }
    self.homes = homes
  }

  private func stop(_ service: Service) async throws -> (status: Int, receipt: ReceiptDocument) {
    let answer = try await service.call(
      "POST", "/admin/controls", token: try homes[0].token(.operator, "olive"),
      body: Array(#"{"scope":"global","reason":"replicas: stop them all"}"#.utf8))
    return (answer.status, try JSONDecoder().decode(ReceiptDocument.self, from: Data(answer.text.utf8)))
  }

  private func orderCode(_ service: Service) async throws -> String? {
    let order = #"{"profile":"scalper-1","symbol":"IBM","side":"buy","type":"limit","price":"1","quantity":"1"}"#
    let token = try homes[0].token(.user, "u1", tenant: TenantID("orchid"))
    let answer = try await service.call(
      "POST", "/api/v1/orders", token: token, body: Array(order.utf8),
      headers: [("Idempotency-Key", "order-\(SystemTime.now.unixMilliseconds)")])
    return answer.status < 300 ? "taken" : answer.code
  }

  /// What the processes did, judged.
  private func check() async throws {
    let files = homes.map { $0.dataDir + "/history.jsonl" }.filter { FileManager.default.fileExists(atPath: $0) }
    let verdict = try await Child(["history", "check"] + files).end()
    #expect(verdict.status == 0, "\(verdict.output)")
    let audit = try await Binary.run("audit", "verify", "--data", shared.file("store"))
    #expect(audit.status == 0, "\(audit.output)")
  }

  @Test func `seal a stop by every gate's acknowledgement, and by silence when one is frozen or dead`() async throws {
    var services: [Service] = []
    for home in homes { services.append(try await home.serve()) }
    #expect(try await orderCode(services[1]) == "taken")
    let (status, receipt) = try await stop(services[0])
    #expect(status == 201 && receipt.state == "sealed", "\(receipt)")
    #expect(
      Set(receipt.replicas.map(\.id)) == ["r1", "r2", "r3"] && receipt.replicas.allSatisfy { $0.sealedBy == "ack" })
    for service in services { #expect(try await orderCode(service) == "trading.halted") }

    services[2].child.signal(SIGSTOP)
    let (_, frozen) = try await stop(services[0])
    #expect(frozen.state == "sealed" && frozen.replicas.first { $0.id == "r3" }?.sealedBy == "lease", "\(frozen)")
    services[2].child.signal(SIGCONT)
    let woken = try await orderCode(services[2])
    #expect(woken == "trading.halted" || woken == "trading.unknown")

    await services[1].kill()
    let (_, dead) = try await stop(services[2])
    #expect(dead.state == "sealed" && dead.replicas.first { $0.id == "r2" }?.sealedBy == "lease", "\(dead)")

    // Restarted, it knows every stop before it trades; removed while it is alive it cannot be.
    services[1] = try await homes[1].serve()
    let admin = try homes[0].token(.admin, "ada")
    let active = try await services[1].call("GET", "/admin/controls?active=true", token: admin)
    for control in [receipt, frozen, dead] { #expect(active.text.contains(control.control)) }
    let removal = try await services[0].command(
      "replica", "remove", "r2", "--reason", "replicas: it is alive", token: admin)
    #expect(removal.status == 1 && removal.errors.contains("alive"), "\(removal.errors)")
    for service in services { _ = await service.stop() }
    try await check()
  }

  @Test(arguments: ["after_local_close", "after_journal", "after_store_write"])
  func `keep a stop that its process died over, once it was journaled`(point: String) async throws {
    let first = try await homes[0].serve(environment: ["BREAKWATER_FAILPOINT": "\(point):kill"])
    let second = try await homes[1].serve()
    await #expect(throws: (any Error).self) { _ = try await stop(first) }
    _ = await first.child.end()
    let again = try await homes[0].serve()
    let admin = try homes[0].token(.admin, "ada")
    for service in [again, second] {
      let isThere = await eventually {
        let answer = try? await service.call("GET", "/admin/controls?active=true", token: admin)
        return answer?.text.contains("stop them all") == (point != "after_local_close")
      }
      #expect(isThere)
    }
    for service in [again, second] { _ = await service.stop() }
    try await check()
  }
}
