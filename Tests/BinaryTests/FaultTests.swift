import BreakwaterTesting
import ControlModel
import Foundation
import Testing
import Wire

/// The real process with faults, each history judged by `breakwater history check`. `make faults` has hundreds of them.
@Suite(.serialized) struct `A process with faults` {
  private let home: Installation

  init() throws {
    var home = try Installation()
    home.extra = "controls: { lease: 1s }"
    self.home = home
  }

  private func stop(_ service: Service) async throws -> ReceiptDocument {
    let answer = try await service.call(
      "POST", "/admin/controls", token: try home.token(.operator, "olive"),
      body: Array(#"{"scope":"global","reason":"faults: stop everything"}"#.utf8))
    return try JSONDecoder().decode(ReceiptDocument.self, from: Data(answer.text.utf8))
  }

  private func receiptOf(_ control: String, _ service: Service) async throws -> ReceiptDocument {
    let answer = try await service.call(
      "GET", "/admin/controls/\(control)/receipt", token: try home.token(.operator, "olive"))
    return try JSONDecoder().decode(ReceiptDocument.self, from: Data(answer.text.utf8))
  }

  private func order(_ service: Service) async throws -> String? {
    let order = #"{"profile":"scalper-1","symbol":"IBM","side":"buy","type":"limit","price":"1","quantity":"1"}"#
    let token = try home.token(.user, "u1", tenant: TenantID("orchid"))
    let answer = try await service.call(
      "POST", "/api/v1/orders", token: token, body: Array(order.utf8),
      headers: [("Idempotency-Key", "order-\(SystemTime.now.unixMilliseconds)")])
    return answer.status < 300 ? "taken" : answer.code
  }

  private func inForce(_ service: Service) async throws -> String {
    try await service.call("GET", "/admin/controls?active=true", token: try home.token(.admin, "ada")).text
  }

  private func judge() async throws {
    let history = try await Child(["history", "check", home.dataDir + "/history.jsonl"]).end()
    #expect(history.status == 0, "\(history.output)")
    let audit = try await Binary.run("audit", "verify", "--data", home.dataDir)
    #expect(audit.status == 0, "\(audit.output)")
  }

  @Test(arguments: Failpoint.allCases)
  func `that dies in a stop has it in force again once it was journaled`(point: Failpoint) async throws {
    let first = try await home.serve(environment: ["BREAKWATER_FAILPOINT": "\(point.rawValue):kill"])
    #expect(try await order(first) == "taken")
    await #expect(throws: (any Error).self) { _ = try await stop(first) }
    _ = await first.child.end()
    let again = try await home.serve()
    let isKept = ![.afterLocalClose, .midDrain].contains(point)
    #expect(try await inForce(again).contains("stop everything") == isKept)
    #expect(try await order(again) == (isKept ? "trading.halted" : "taken"))
    _ = await again.stop()
    try await judge()
  }

  @Test func `that freezes in a stop past its lease trades no more when it goes on`() async throws {
    let service = try await home.serve(environment: ["BREAKWATER_FAILPOINT": "mid_drain:stop"])
    #expect(try await order(service) == "taken")
    async let stopped = stop(service)
    #expect(await eventually { service.child.isFrozen })
    let end = SystemTime.now.adding(milliseconds: 1_500)
    _ = await eventually { SystemTime.now >= end }
    service.child.signal(SIGCONT)
    let receipt = try await stopped
    #expect(try await order(service) == "trading.halted")
    // Frozen past its waits, it answers with what is true so far, and goes on until all of it is.
    #expect(
      try await eventually {
        let now = try await receiptOf(receipt.control, service)
        return now.state == "settled" && now.durability == "committed"
      })
    await service.kill()
    let again = try await home.serve()
    #expect(try await inForce(again).contains(receipt.control))
    _ = await again.stop()
    try await judge()
  }
}
