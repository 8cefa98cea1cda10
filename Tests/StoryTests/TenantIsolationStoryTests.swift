import AsyncHTTPClient
import ControlModel
import Foundation
import NIOCore
import NIOHTTP1
import Testing
import Wire

/// Two tenants whose users, profiles and keys have the same names.
@Suite struct `A tenant` {
  @Test func `is never given the answer that was kept for another's Idempotency-Key`() async throws {
    try await withProduct { product in
      func place(_ token: String) async throws -> Product.Answer {
        try await product.call(
          "POST", "/api/v1/orders", token: token, body: Product.deskOrder, headers: [("Idempotency-Key", "same-key")])
      }
      let orchid = try product.people.token(.user, "u1", tenant: "orchid")
      let heron = try product.people.token(.user, "u1", tenant: "heron")
      let first = try await place(orchid)
      #expect(first.status == 201, "\(first.text)")
      let second = try await place(heron)
      #expect(second.status == 201, "\(second.text)")
      #expect(second.header("Idempotency-Replayed") == nil)
      #expect(try first.decode(OrderItem.self).id != second.decode(OrderItem.self).id)
      let again = try await place(heron)
      #expect(again.header("Idempotency-Replayed") == "true")
      #expect(try again.decode(OrderItem.self).id == second.decode(OrderItem.self).id)
    }
  }

  @Test func `sees its own events in its stream and none of another's`() async throws {
    try await withProduct { product in
      let orchid = try product.people.token(.user, "u1", tenant: "orchid")
      let heron = try product.people.token(.user, "u1", tenant: "heron")
      // What a foreign stream knows of its events must not bring it this tenant's.
      var request = HTTPClientRequest(url: product.publicURL + "/stream/v1/trading?lastEventId=1&tenant=orchid")
      request.headers.add(name: "Authorization", value: "Bearer \(orchid)")
      request.headers.add(name: "X-Tenant-Id", value: "heron")
      let stream = try await product.http.execute(request, timeout: .seconds(60))
      #expect(stream.status == .ok)
      for (token, key) in [(heron, "theirs-1"), (orchid, "mine-1")] {
        let placed = try await product.call(
          "POST", "/api/v1/orders", token: token, body: Product.deskOrder,
          headers: [("Idempotency-Key", key), ("X-Request-ID", "stream-\(key)")])
        #expect(placed.status == 201, "\(placed.text)")
      }
      var seen = ""
      for try await piece in stream.body {
        seen += String(buffer: piece)
        if seen.contains("stream-mine-1") { break }
      }
      #expect(seen.contains("orchid") && !seen.contains("heron") && !seen.contains("theirs-1"))
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
