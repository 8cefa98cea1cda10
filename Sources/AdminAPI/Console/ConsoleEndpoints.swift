import ControlModel
import DataPlane
import Identity
import Store
import Telemetry
import Wire

/// One file of the console, as embedded in the binary.
package struct ConsoleFile: Sendable {
  package let path: String
  package let contentType: String
  package let bytes: [UInt8]
  package let etag: String

  package init(path: String, contentType: String, bytes: [UInt8]) {
    self.path = path
    self.contentType = contentType
    self.bytes = bytes
    etag = "\"\(DocumentDigest.of(bytes).prefix(32))\""
  }
}

/// The console's files and its sign-in.
struct ConsoleEndpoints {
  let context: AdminContext
  let verify: @Sendable (String) -> Result<Principal, Refusal>
  let files: [String: ConsoleFile]

  /// Nothing from anywhere else, no inline script or style, no string turned into markup (Trusted Types).
  private static let policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; "
    + "manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    + "require-trusted-types-for 'script'; trusted-types 'none'"

  private static let headers = [
    ("Content-Security-Policy", policy), ("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Opener-Policy", "same-origin"), ("Cache-Control", "no-cache"),
  ]

  func file(_ path: String) -> @Sendable (Call) async throws(Refusal) -> Reply {
    let file = files[path]
    return { (call: Call) async throws(Refusal) -> Reply in
      guard let file else { throw Refusal(.notFound, "There is no such file in the console.") }
      if call.field("if-none-match") == file.etag {
        return Reply(304, fields: Self.headers + [("ETag", file.etag)])
      }
      return Reply(
        200, contentType: file.contentType, fields: Self.headers + [("ETag", file.etag)], body: .bytes(file.bytes))
    }
  }

  /// POST /console/session `{token}` or `{key}`: signs a browser in.
  func signIn(_ call: Call) async throws(Refusal) -> Reply {
    struct SignIn: Codable {
      var token: String?
      var key: String?
    }
    let request = try RequestBody.decode(SignIn.self, members: ["token", "key"], call)
    let token: String
    switch (request.token, request.key) {
    case (let given?, nil): token = given
    case (nil, let key?):
      guard let known = context.sessions.token(forKey: key) else {
        throw Refusal(.authMalformed, "This sign-in link is not valid here; it ends with the process that printed it.")
      }
      token = known
    default: throw Refusal(.requestInvalid, "Send either token or key.")
    }
    let principal = try verify(token).get()
    guard principal.actingAs == nil else {
      throw Refusal(.accessDenied, "The console is for staff as themselves; sign in with your own token.")
    }
    let session = context.sessions.open(token, until: principal.acceptedUntilTime)
    let seconds = max(0, (principal.acceptedUntilTime.unixMilliseconds - context.clocks.wall()) / 1000)
    return .json(
      200, who(principal),
      fields: [
        (
          "Set-Cookie",
          "\(ConsoleCookie.name)=\(session); Path=/; Max-Age=\(seconds); HttpOnly; SameSite=Strict"
            + (call.isSecure ? "; Secure" : "")
        )
      ])
  }

  /// DELETE /console/session
  func signOut(_ call: Call) async throws(Refusal) -> Reply {
    if let cookie = call.field("cookie"), let range = cookie.firstRange(of: "\(ConsoleCookie.name)=") {
      context.sessions.close(String(cookie[range.upperBound...].prefix { $0 != ";" }))
    }
    return Reply(
      204, fields: [("Set-Cookie", "\(ConsoleCookie.name)=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict")])
  }

  /// GET /admin/me: who is signed in.
  func me(_ call: Call) async throws(Refusal) -> Reply { .json(200, who(try call.principal)) }

  private func who(_ principal: Principal) -> [String: String] {
    var who = [
      "subject": principal.subject, "role": principal.role.rawValue, "environment": context.about.environment,
      "replica": context.about.replica.text, "expiresAt": principal.acceptedUntilTime.description,
    ]
    if let tenant = principal.tenant { who["tenant"] = tenant.text }
    return who
  }
}
