import AsyncHTTPClient
import BreakwaterTesting
import ControlModel
import Foundation
import NIOCore
import NIOHTTP1
import Testing
import Wire

/// Tokens that still verify and are no longer believed.
@Suite struct `A revocation` {
  private let reason = "story: laptop was stolen"

  @Test(arguments: [#""sub":"u1""#, #""tenant":"orchid""#])
  func `is in force when it is answered, and lifted when that is answered`(target: String) async throws {
    try await withProduct { product in
      let admin = try product.people.token(.admin, "ada")
      let user = try product.people.token(.user, "u1", tenant: "orchid")
      let other = try product.people.token(.user, "u2", tenant: "heron")
      let body = #"{\#(target),"reason":"\#(reason)"}"#
      #expect(try await product.call("GET", "/api/v1/profiles", token: user).status == 200)
      let added = try await product.call("POST", "/admin/revocations", token: admin, body: body)
      #expect(added.status == 201, "\(added.text)")
      let refused = try await product.call("GET", "/api/v1/profiles", token: user)
      #expect(refused.status == 401)
      #expect(refused.code == "auth.revoked")
      #expect(try await product.call("GET", "/api/v1/profiles", token: other).status == 200)
      let list = try await product.call("GET", "/admin/revocations", token: admin).decode(Page<RevocationItem>.self)
      #expect(list.items.map(\.reason) == [reason])
      #expect(list.items.map(\.by) == ["ada"])
      let removed = try await product.call("DELETE", "/admin/revocations", token: admin, body: body)
      #expect(removed.status == 200, "\(removed.text)")
      #expect(try await product.call("GET", "/api/v1/profiles", token: user).status == 200)
      let audit = try await product.call("GET", "/admin/audit?limit=2", token: admin).text
      #expect(audit.contains("revocation.add") && audit.contains("revocation.remove"))
    }
  }

  @Test func `survives a restart`() async throws {
    let folder = try TemporaryFolder()
    let first = try await Product.start(folder: folder)
    let admin = try first.people.token(.admin, "ada")
    let user = try first.people.token(.user, "u1", tenant: "orchid")
    let added = try await first.call(
      "POST", "/admin/revocations", token: admin, body: #"{"sub":"u1","reason":"\#(reason)"}"#)
    #expect(added.status == 201)
    await first.stop()
    let second = try await Product.start(folder: folder)
    #expect(try await second.call("GET", "/api/v1/profiles", token: user).code == "auth.revoked")
    await second.stop()
  }

  @Test func `ends the streams of whom it concerns`() async throws {
    try await withProduct { product in
      let admin = try product.people.token(.admin, "ada")
      let user = try product.people.token(.user, "u1", tenant: "orchid")
      var request = HTTPClientRequest(url: product.publicURL + "/stream/v1/trading")
      request.headers.add(name: "Authorization", value: "Bearer \(user)")
      let stream = try await product.http.execute(request, timeout: .seconds(30))
      #expect(stream.status == .ok)
      let added = try await product.call(
        "POST", "/admin/revocations", token: admin, body: #"{"sub":"u1","reason":"\#(reason)"}"#)
      #expect(added.status == 201)
      // Ends by itself: the connection's own limit is far away.
      for try await _ in stream.body {}
    }
  }

  @Test(arguments: [
    #"{"reason":"names nobody at all"}"#, #"{"sub":"a","jti":"b","reason":"names two at once"}"#,
    #"{"sub":"a","reason":"short"}"#, #"{"sub":"a","issuedBefore":"yesterday","reason":"has no such time"}"#,
    #"{"tenant":"not a tenant!","reason":"has no such name"}"#,
  ])
  func `that is not clear is refused and changes nothing`(body: String) async throws {
    try await withProduct { product in
      let admin = try product.people.token(.admin, "ada")
      let answer = try await product.call("POST", "/admin/revocations", token: admin, body: body)
      #expect(answer.status == 422, "\(answer.text)")
      #expect(answer.code == "request.invalid")
      let list = try await product.call("GET", "/admin/revocations", token: admin).decode(Page<RevocationItem>.self)
      #expect(list.items.isEmpty)
    }
  }
}
