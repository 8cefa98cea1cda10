import BreakwaterTesting
import ControlModel
import Foundation
import Testing
import Wire

/// The life of a halt, from outside.
@Suite struct `A halt` {
  @Test func `stops all trading, proves it, and lifts only with a second admin`() async throws {
    try await withProduct { product in
      let admin = try product.people.token(.admin, "ada")
      let second = try product.people.token(.admin, "grace")
      try await product.eventually("orders flow") {
        try await product.call("GET", "/metrics", ops: true).text
          .contains(/breakwater_orders_total\{state="submitted",venue="paper"\} [1-9]/)
      }

      let stop = try await product.call(
        "POST", "/admin/controls", token: admin, body: #"{"scope":"global","reason":"story: stop everything"}"#,
        headers: [("X-Request-ID", "story-halt-0001")], ops: true)
      #expect(stop.status == 201)
      let receipt = try stop.decode(ReceiptDocument.self)
      #expect(receipt.state == "sealed")
      #expect(receipt.durability == "committed")
      #expect(receipt.requestId == "story-halt-0001")
      #expect(receipt.replicas.count == 1)
      #expect(receipt.audit != nil)

      // The loop keeps passing, and nothing is sent after the receipt.
      let sealed = try #require(WallTime(rfc3339: receipt.closedAt ?? ""))
      let passes = try await product.passes()
      try await product.eventually("twenty more passes") { try await product.passes() >= passes + 20 }
      let status = try await product.call("GET", "/admin/status", token: admin, ops: true).decode(StatusDocument.self)
      #expect(status.trading.state == "halted")
      if let last = status.trading.lastOrderOutAt.flatMap({ WallTime(rfc3339: $0) }) {
        #expect(last.unixMilliseconds <= sealed.unixMilliseconds + 250, "an order left after the drain bound")
      }

      // Asking without having looked, then with the epoch looked at.
      let blind = try await product.call(
        "POST", "/admin/resume", token: admin, body: #"{"reason":"story: go on again"}"#, ops: true)
      #expect(blind.status == 428)
      #expect(blind.code == "precondition.required")
      let stale = try await product.call(
        "POST", "/admin/resume", token: admin, body: #"{"reason":"story: go on again"}"#,
        headers: [("If-Match", "\"0\"")], ops: true)
      #expect(stale.status == 412)
      let asked = try await product.call(
        "POST", "/admin/resume", token: admin, body: #"{"reason":"story: go on again"}"#,
        headers: [("If-Match", "\"\(receipt.epoch)\"")], ops: true)
      #expect(asked.status == 202)
      let approval = try asked.decode(ApprovalItem.self)

      let own = try await product.call(
        "POST", "/admin/approvals/\(approval.id)/approve", token: admin, body: "{}", ops: true)
      #expect(own.status == 403)
      #expect(own.code == "approval.self")
      let released = try await product.call(
        "POST", "/admin/approvals/\(approval.id)/approve", token: second, body: "{}", ops: true)
      #expect(released.status == 200)
      #expect(try released.decode(ReceiptDocument.self).state == "released")
      try await product.eventually("orders flow again") {
        let after = try await product.call("GET", "/admin/status", token: admin, ops: true).decode(StatusDocument.self)
        return after.trading.state == "running"
          && (after.trading.lastOrderOutAt.flatMap { WallTime(rfc3339: $0) } ?? sealed) > sealed
      }
      let verdict = try await product.call("GET", "/admin/audit/verify", token: admin, ops: true)
      #expect(try verdict.decode(AuditVerdictDocument.self).isSound)
    }
  }

  @Test func `of one tenant leaves the others trading and refuses that tenant's orders`() async throws {
    try await withProduct { product in
      let onCall = try product.people.token(.operator, "olive")
      let orchid = try product.people.token(.user, "u1", tenant: "orchid")
      let heron = try product.people.token(.user, "u2", tenant: "heron")

      let stop = try await product.call(
        "POST", "/admin/tenants/orchid/disable", token: onCall, body: #"{"reason":"story: margin call"}"#)
      #expect(stop.status == 201)
      let refused = try await product.call(
        "POST", "/api/v1/orders", token: orchid, body: Product.deskOrder, headers: [("Idempotency-Key", "a")])
      #expect(refused.status == 403)
      #expect(refused.code == "tenant.disabled")
      let read = try await product.call("GET", "/api/v1/positions", token: orchid)
      #expect(read.status == 200)
      let other = try await product.call(
        "POST", "/api/v1/orders", token: heron, body: Product.deskOrder, headers: [("Idempotency-Key", "a")])
      #expect(other.status == 201, "\(other.text)")
    }
  }

  @Test func `survives a restart, and so does what caused it`() async throws {
    let folder = try TemporaryFolder()
    let first = try await Product.start(folder: folder)
    let admin = try first.people.token(.admin, "ada")
    let stop = try await first.call(
      "POST", "/admin/controls", token: admin,
      body: #"{"scope":"profile","tenant":"orchid","profile":"swing-1","reason":"story: restart keeps it"}"#)
    #expect(stop.status == 201)
    await first.stop()

    let second = try await Product.start(folder: folder)
    let effective = try await second.call(
      "GET", "/admin/controls/effective?tenant=orchid&profile=swing-1", token: admin
    ).decode(EffectiveDocument.self)
    #expect(effective.level == "halted")
    #expect(effective.causes.map(\.reason) == ["story: restart keeps it"])
    let other = try await second.call("GET", "/admin/controls/effective?tenant=orchid", token: admin)
    #expect(try other.decode(EffectiveDocument.self).level == "active")
    await second.stop()
  }

  @Test func `with a wrong scope is refused with the nearest names, and nothing changes`() async throws {
    try await withProduct { product in
      let admin = try product.people.token(.admin, "ada")
      for (body, status, field) in [
        (#"{"scope":"tenant","tenant":"orchit","reason":"story: misspelled"}"#, 422, "tenant"),
        (#"{"scope":"tenant","reason":"story: forgot the name"}"#, 422, "tenant"),
        (#"{"reason":"story: forgot the scope"}"#, 422, "scope"),
        (#"{"scope":"global","tenant":"orchid","reason":"story: two minds"}"#, 422, "scope"),
        (#"{"scope":"global","reason":"short"}"#, 422, "reason"),
        (#"{"scope":"global","reason":"story: unknown member","tennant":"orchid"}"#, 422, "tennant"),
        (#"{"scope":"global","level":"active","reason":"story: not a stop"}"#, 422, "level"),
      ] {
        let answer = try await product.call("POST", "/admin/controls", token: admin, body: body)
        #expect(answer.status == status, "\(body) \(answer.text)")
        let problem = try answer.decode(ProblemDetails.self)
        #expect(problem.errors?.map(\.field).contains(field) == true, "\(body) \(answer.text)")
      }
      let controls = try await product.call("GET", "/admin/controls", token: admin)
      #expect(try controls.decode(Page<ControlItem>.self).items.isEmpty)
      #expect(controls.header("ETag") == "\"0\"")
    }
  }

  @Test func `repeated with its idempotency key is one stop; the key with another body is refused`() async throws {
    try await withProduct { product in
      let admin = try product.people.token(.admin, "ada")
      let body = #"{"scope":"global","reason":"story: said twice"}"#
      let key = [("Idempotency-Key", "once")]
      let first = try await product.call("POST", "/admin/controls", token: admin, body: body, headers: key)
      let again = try await product.call("POST", "/admin/controls", token: admin, body: body, headers: key)
      #expect(again.status == first.status)
      #expect(again.body == first.body)
      #expect(again.header("Idempotency-Replayed") == "true")
      let other = try await product.call(
        "POST", "/admin/controls", token: admin, body: #"{"scope":"global","reason":"story: something else"}"#,
        headers: key)
      #expect(other.status == 422)
      #expect(other.code == "idempotency.reused")
    }
  }
}
