import ControlModel
import Foundation
import Testing
import Wire

/// Two tenants whose users, profiles and keys have the same names.
@Suite struct `A tenant` {
  private let order =
    #"{"profile":"scalper-1","symbol":"IBM","side":"buy","type":"limit","price":"1","quantity":"1"}"#

  @Test func `is never given the answer that was kept for another's Idempotency-Key`() async throws {
    try await withProduct { product in
      let headers = [("Idempotency-Key", "same-key")]
      let orchid = try product.people.token(.user, "u1", tenant: "orchid")
      let heron = try product.people.token(.user, "u1", tenant: "heron")
      let first = try await product.call("POST", "/api/v1/orders", token: orchid, body: order, headers: headers)
      #expect(first.status == 201, "\(first.text)")
      let second = try await product.call("POST", "/api/v1/orders", token: heron, body: order, headers: headers)
      #expect(second.status == 201, "\(second.text)")
      #expect(second.header("Idempotency-Replayed") == nil)
      #expect(try first.decode(OrderItem.self).id != second.decode(OrderItem.self).id)
      let again = try await product.call("POST", "/api/v1/orders", token: heron, body: order, headers: headers)
      #expect(again.header("Idempotency-Replayed") == "true")
      #expect(try again.decode(OrderItem.self).id == second.decode(OrderItem.self).id)
    }
  }

  @Test func `sees no alerts and no other tenant's metrics`() async throws {
    try await withProduct { product in
      let user = try product.people.token(.user, "u1", tenant: "orchid")
      for path in ["alerts", "rules", "status/tsdb", "targets"] {
        let answer = try await product.call("GET", "/prometheus/api/v1/\(path)", token: user)
        #expect(answer.status == 403, "\(path): \(answer.text)")
      }
      for path in ["query?query=breakwater_tenant_requests_total", "labels", "label/tenant/values"] {
        let answer = try await product.call("GET", "/prometheus/api/v1/\(path)", token: user)
        #expect(answer.status == 200 && !answer.text.contains("heron"), "\(path): \(answer.text)")
      }
      let support = try product.people.token(.support, "sam")
      #expect(try await product.call("GET", "/prometheus/api/v1/labels", token: support).status == 200)
    }
  }
}
