import BreakwaterTesting
import ControlModel
import DataPlane
import Foundation
import Testing
import Wire

/// Staff act as a tenant: with a reason, for a while, and never unseen.
@Suite struct `Acting as a tenant` {
  private func begin(
    _ product: Product, _ role: Role = .admin, _ name: String = "ada", tenant: String = "heron", mode: String = "read",
    ttl: String = "\"10m\""
  ) async throws -> ActAsAnswer {
    let answer = try await product.call(
      "POST", "/admin/act-as", token: try product.people.token(role, name),
      body: #"{"tenant":"\#(tenant)","reason":"ticket 4711: positions look wrong","ttl":\#(ttl),"mode":"\#(mode)"}"#)
    #expect(answer.status == 201, "\(answer.text)")
    return try answer.decode(ActAsAnswer.self)
  }

  @Test func `reads what its users read, says so, and leaves both names everywhere`() async throws {
    try await withProduct { product in
      let begun = try await begin(product, .support, "sam", ttl: "900")
      #expect(begun.session.tenant == "heron" && begun.session.actor == "sam" && begun.session.isActive)
      let page = try await product.call(
        "GET", "/api/v1/profiles", token: begun.token, headers: [("X-Request-ID", "act-as-read-1")])
      #expect(page.status == 200, "\(page.text)")
      #expect(page.header("X-Acting-As") == "heron")
      let support = try product.people.token(.support, "sam")
      try await product.eventually("the access line") {
        let logs = try await product.call("GET", "/admin/logs?event=http.access&limit=200", token: support).text
        return logs.contains("act-as-read-1")
      }
      let log = try product.accessLine(of: "act-as-read-1")
      #expect(log.contains(#""tenant":"heron""#) && log.contains(#""actor":"sam""#), "\(log)")
      #expect(log.contains(#""acting_as":"heron""#) && log.contains(#""act_as_session":"\#(begun.session.id)""#))
      let refused = try await product.call("POST", "/api/v1/orders", token: begun.token, body: Product.deskOrder)
      #expect(refused.header("X-Acting-As") == "heron")
      let audit = try await product.call("GET", "/admin/audit?limit=5", token: try product.people.token(.admin, "ada"))
      #expect(audit.text.contains("act_as.begin") && audit.text.contains("ticket 4711"))
    }
  }

  @Test func `changes nothing unless begun to write, and reaches nothing of the staff's`() async throws {
    try await withProduct { product in
      let read = try await begin(product)
      let write = try await begin(product, mode: "write")
      for (token, mayWrite) in [(read.token, false), (write.token, true)] {
        let placed = try await product.call(
          "POST", "/api/v1/orders", token: token, body: Product.deskOrder, headers: [("Idempotency-Key", "act-as-1")])
        #expect(placed.status == (mayWrite ? 201 : 403), "\(placed.text)")
        if mayWrite { #expect(try placed.decode(OrderItem.self).actor == "ada") }
        for route in product.routes where route.template.hasPrefix("/admin") || route.template.hasPrefix("/prometheus")
        {
          guard let method = route.method, route.listeners.contains(.public) else { continue }
          let path = route.template.replacing(/\{[^}]+\}/, with: "heron")
          let answer = try await product.call(method.text, path, token: token, body: method == .get ? nil : "{}")
          #expect(answer.status == 403, "\(method.text) \(path): \(answer.text)")
        }
        let signIn = try await product.call("POST", "/console/session", token: nil, body: #"{"token":"\#(token)"}"#)
        #expect(signIn.status == 403)
      }
    }
  }

  @Test func `ends at once when it is ended, and stays ended over a restart`() async throws {
    let folder = try TemporaryFolder()
    let first = try await Product.start(folder: folder)
    let admin = try first.people.token(.admin, "ada")
    let ended = try await begin(first)
    let kept = try await begin(first, .support, "sam")
    #expect(try await first.call("GET", "/api/v1/profiles", token: ended.token).status == 200)
    let answer = try await first.call("DELETE", "/admin/act-as/\(ended.session.id)", token: admin)
    #expect(answer.status == 200, "\(answer.text)")
    #expect(try answer.decode(ActAsItem.self).endedBy == "ada")
    #expect(try await first.call("GET", "/api/v1/profiles", token: ended.token).code == "auth.revoked")
    // Another's session is an admin's to end, and for anybody else not there.
    let support = try first.people.token(.support, "tom")
    #expect(try await first.call("DELETE", "/admin/act-as/\(kept.session.id)", token: support).status == 404)
    await first.stop()
    let second = try await Product.start(folder: folder)
    #expect(try await second.call("GET", "/api/v1/profiles", token: ended.token).code == "auth.revoked")
    #expect(try await second.call("GET", "/api/v1/profiles", token: kept.token).status == 200)
    let active = try await second.call("GET", "/admin/act-as?active=true", token: admin).decode(Page<ActAsItem>.self)
    #expect(active.items.map(\.id) == [kept.session.id])
    await second.stop()
  }

  @Test func `is shown to the tenant it concerned, and to no other`() async throws {
    try await withProduct { product in
      let begun = try await begin(product)
      let heron = try product.people.token(.user, "u2", tenant: "heron")
      let orchid = try product.people.token(.user, "u1", tenant: "orchid")
      let theirs = try await product.call("GET", "/api/v1/act-as", token: heron).decode(Page<ActAsItem>.self)
      #expect(theirs.items.map(\.id) == [begun.session.id])
      #expect(theirs.items.first?.reason == "ticket 4711: positions look wrong")
      #expect(try await product.call("GET", "/api/v1/act-as", token: orchid).decode(Page<ActAsItem>.self).items.isEmpty)
    }
  }

  @Test func `never outlives the token it was asked for with`() async throws {
    try await withProduct { product in
      let answer = try await product.call(
        "POST", "/admin/act-as", token: try product.people.token(.admin, "ada", lifetimeSeconds: 60),
        body: #"{"tenant":"heron","reason":"ticket 4711: a short while","ttl":"15m"}"#)
      let session = try answer.decode(ActAsAnswer.self).session
      let (start, end) = (
        try #require(WallTime(rfc3339: session.createdAt)), try #require(WallTime(rfc3339: session.expiresAt))
      )
      #expect(end.unixSeconds - start.unixSeconds <= 60)
    }
  }

  @Test(arguments: [
    #"{"tenant":"heron","reason":"short"}"#, #"{"reason":"names no tenant at all"}"#,
    #"{"tenant":"not a tenant!","reason":"names no such tenant"}"#,
    #"{"tenant":"heron","reason":"stays for too long","ttl":"16m"}"#,
    #"{"tenant":"heron","reason":"for no time","ttl":0}"#,
    #"{"tenant":"heron","reason":"wants too much","mode":"admin"}"#,
    #"{"tenant":"heron","reason":"is misspelled","mod":"read"}"#,
  ])
  func `with a wish that is not clear is refused`(body: String) async throws {
    try await withProduct { product in
      let admin = try product.people.token(.admin, "ada")
      let answer = try await product.call("POST", "/admin/act-as", token: admin, body: body)
      #expect(answer.status == 422, "\(answer.text)")
      let list = try await product.call("GET", "/admin/act-as", token: admin).decode(Page<ActAsItem>.self)
      #expect(list.items.isEmpty)
    }
  }

  @Test func `to write is an admin's, to read also support's, and nobody has many at once`() async throws {
    try await withProduct { product in
      let wish = #"{"tenant":"heron","reason":"ticket 4711: have a look","mode":"write"}"#
      for (role, status) in [(Role.support, 403), (.operator, 403), (.auditor, 403), (.admin, 201)] {
        let answer = try await product.call(
          "POST", "/admin/act-as", token: try product.people.token(role, "p-\(role.rawValue)"), body: wish)
        #expect(answer.status == status, "\(role.rawValue): \(answer.text)")
      }
      for _ in 0..<5 { _ = try await begin(product, .support, "sam") }
      let sixth = try await product.call(
        "POST", "/admin/act-as", token: try product.people.token(.support, "sam"),
        body: #"{"tenant":"heron","reason":"ticket 4711: once more"}"#)
      #expect(sixth.status == 422)
    }
  }
}

extension Product {
  /// The access line of a request as it is on disk.
  func accessLine(of requestID: String) throws -> String {
    let logs = folder.file("data/logs")
    for name in try FileManager.default.contentsOfDirectory(atPath: logs).sorted() {
      let text = String(decoding: FileManager.default.contents(atPath: "\(logs)/\(name)") ?? Data(), as: UTF8.self)
      if let line = text.split(separator: "\n").first(where: {
        $0.contains(requestID) && $0.contains("http.access")
      }) {
        return String(line)
      }
    }
    throw StoryFailure("no access line of \(requestID)")
  }
}
