import ControlModel
import Foundation
import Testing
import Wire

/// The life of a request, from outside.
@Suite struct `A request` {
  @Test func `is found by its id with gateway line, order events and audit rows`() async throws {
    try await withProduct { product in
      let user = try product.people.token(.user, "u1", tenant: "orchid")
      let support = try product.people.token(.support, "sam")
      let placed = try await product.call(
        "POST", "/api/v1/orders", token: user,
        body: Product.deskOrder,
        headers: [("Idempotency-Key", "k1"), ("X-Request-ID", "story-order-0001")])
      #expect(placed.status == 201, "\(placed.text)")
      #expect(placed.header("X-Request-ID") == "story-order-0001")
      let order = try placed.decode(OrderItem.self)
      try await product.eventually("the timeline is complete") {
        let answer = try await product.call("GET", "/admin/requests/story-order-0001", token: support)
        guard answer.status == 200 else { return false }
        let events = try answer.decode(TimelineDocument.self).entries.map(\.event)
        return events.contains("http.access") && events.contains("order.intent") && events.contains("order.sent")
          && events.contains("order.working")
      }
      let byOrder = try await product.call("GET", "/admin/requests/\(order.id)", token: support)
      #expect(try byOrder.decode(TimelineDocument.self).entries.contains { $0.order == order.id })
    }
  }

  @Test func `that never came is not found, with how far back the log goes`() async throws {
    try await withProduct { product in
      let support = try product.people.token(.support, "sam")
      let missing = try await product.call("GET", "/admin/requests/never-seen-0001", token: support)
      #expect(missing.status == 404)
      #expect(missing.text.contains("The log goes back to"))
      let malformed = try await product.call("GET", "/admin/requests/short", token: support)
      #expect(malformed.status == 422)
    }
  }

  @Test func `answers problem documents that name what went wrong`() async throws {
    try await withProduct { product in
      let user = try product.people.token(.user, "u1", tenant: "orchid")
      let expired = try product.people.token(.user, "u1", tenant: "orchid", lifetimeSeconds: -120)
      // One character in the middle of the signature is another.
      var forged = Array(user)
      forged[forged.count - 20] = forged[forged.count - 20] == "A" ? "B" : "A"
      for (method, path, token, status, code) in [
        ("GET", "/api/v1/positions", nil, 401, "auth.missing"),
        ("GET", "/api/v1/positions", expired, 401, "auth.expired"),
        ("GET", "/api/v1/positions", String(forged), 401, "auth.signature"),
        ("GET", "/admin/status", user, 403, "access.denied"),
        ("GET", "/nowhere", user, 404, "route.unknown"), ("PUT", "/api/v1/positions", user, 405, "route.method"),
        ("GET", "/api/v1/market/bars", user, 502, "upstream.connect"),
      ] as [(String, String, String?, Int, String)] {
        let answer = try await product.call(method, path, token: token)
        #expect(answer.status == status, "\(method) \(path) \(answer.text)")
        #expect(answer.code == code, "\(method) \(path) \(answer.text)")
        #expect(answer.header("Content-Type") == "application/problem+json")
        #expect(answer.header("X-Request-ID") != nil)
        if status == 401 { #expect(answer.header("WWW-Authenticate")?.hasPrefix("Bearer") == true) }
        if status == 405 { #expect(answer.header("Allow")?.contains("GET") == true) }
      }
    }
  }

  @Test func `of one tenant never shows another's orders, positions or ledger`() async throws {
    try await withProduct { product in
      let orchid = try product.people.token(.user, "u1", tenant: "orchid")
      let heron = try product.people.token(.user, "u2", tenant: "heron")
      try await product.eventually("heron has orders") {
        let page = try await product.call("GET", "/api/v1/orders", token: heron).decode(Page<OrderItem>.self)
        return !page.items.isEmpty
      }
      let theirs = try await product.call("GET", "/api/v1/orders?limit=200", token: heron).decode(Page<OrderItem>.self)
      let mine = try await product.call("GET", "/api/v1/orders?limit=200", token: orchid).decode(Page<OrderItem>.self)
      #expect(Set(theirs.items.map(\.id)).isDisjoint(with: mine.items.map(\.id)))
      for order in theirs.items.prefix(5) {
        let peek = try await product.call("GET", "/api/v1/orders/\(order.id)", token: orchid)
        #expect(peek.status == 404)
        let cancel = try await product.call("DELETE", "/api/v1/orders/\(order.id)", token: orchid)
        #expect(cancel.status == 404)
      }
    }
  }

  @Test func `for metrics is open on the ops listener and guarded on the public one`() async throws {
    try await withProduct { product in
      #expect(try await product.call("GET", "/metrics", ops: true).status == 200)
      #expect(try await product.call("GET", "/metrics").status == 401)
      let scraper = try product.people.token(.metrics, "prometheus")
      #expect(try await product.call("GET", "/metrics", token: scraper).status == 200)
      #expect(try await product.call("GET", "/health/ready").status == 200)
    }
  }
}
