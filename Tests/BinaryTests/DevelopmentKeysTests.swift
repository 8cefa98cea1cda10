import BreakwaterTesting
import ControlModel
import Crypto
import Foundation
import NIOHTTP1
import Testing

/// `JWT_SECRET` against the running program: on a development machine only, and never quietly.
@Suite struct `A development machine` {
  private static let secret = "a development secret of 36 bytes, ok"
  private static let environment = [
    "PLATFORM_AUTH_ENABLED": "false", "BREAKWATER_DEV": "1", "JWT_SECRET": secret,
  ]

  private func token(secret: String = secret, algorithm: String = "HS256") -> String {
    func encoded(_ data: some Sequence<UInt8>) -> String {
      Data(data).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }
    let now = SystemTime.now.unixMilliseconds / 1000
    let claims = """
      {"iss":"\(Installation.issuer)","aud":"trading-backend","sub":"dev","role":"admin","iat":\(now),"exp":\(now + 600)}
      """
    let signed = encoded(#"{"alg":"\#(algorithm)","typ":"JWT"}"#.utf8) + "." + encoded(claims.utf8)
    let code = HMAC<SHA256>.authenticationCode(for: Data(signed.utf8), using: SymmetricKey(data: Data(secret.utf8)))
    return signed + "." + encoded(code)
  }

  @Test func `accepts tokens signed with JWT_SECRET, no others, and says so everywhere`() async throws {
    let installation = try Installation()
    let service = try await installation.serve(environment: Self.environment)
    let mine = try await service.call("GET", "/admin/status", token: token())
    #expect(mine.status == 200, "\(mine.text)")
    #expect(mine.headers["Warning"].first?.hasPrefix("299 breakwater \"development keys") == true)
    let theirs = try await service.call("GET", "/admin/status", token: try installation.token(.admin, "ada"))
    #expect(theirs.status == 401)
    #expect(theirs.headers["Warning"].count == 1)
    let forged = try await service.call("GET", "/admin/status", token: token(secret: Self.secret + "x"))
    #expect(forged.status == 401 && forged.code == "auth.signature", "\(forged.text)")
    let metrics = try await service.call("GET", "/metrics", token: token())
    #expect(metrics.text.contains("\nbreakwater_auth_development_keys 1\n"))
    let result = await service.stop()
    #expect(result.errors.contains("warning: environment: JWT_SECRET: development keys"), "\(result.errors)")
    #expect(!result.errors.contains(Self.secret) && !result.output.contains(Self.secret))
  }

  @Test func `that is none ignores JWT_SECRET and says so`() async throws {
    let installation = try Installation()
    let service = try await installation.serve(environment: ["JWT_SECRET": Self.secret])
    let mine = try await service.call("GET", "/admin/status", token: token())
    #expect(mine.status == 401 && mine.headers["Warning"].isEmpty)
    let theirs = try await service.call("GET", "/admin/status", token: try installation.token(.admin, "ada"))
    #expect(theirs.status == 200)
    let result = await service.stop()
    #expect(result.errors.contains("warning: environment: JWT_SECRET: is ignored"), "\(result.errors)")
  }

  @Test(arguments: ["BREAKWATER_DEV", "JWT_SECRET"])
  func `that lacks one of the conditions does not start, and check says the same`(missing: String) async throws {
    let installation = try Installation()
    try installation.writeConfiguration()
    var environment = Self.environment
    environment[missing] = nil
    for command in ["serve", "check"] {
      let result = try await Child([command, "--config", installation.configFile], environment: environment).end()
      #expect(result.status == 1)
      #expect(result.errors.contains(missing) && result.isPlain, "\(result.errors)")
    }
  }

  @Test func `has its tokens judged by token check, byte for byte`() async throws {
    let installation = try Installation()
    try installation.writeConfiguration()
    let result = try await Binary.run(
      "token", "check", "--config", installation.configFile, environment: Self.environment,
      input: [token(), token() + "\r", token() + " ", "", String(repeating: "a", count: 200_000), token()]
        .joined(separator: "\n"))
    let verdicts = result.output.split(separator: "\n").map { $0.contains(#""verdict":"accept""#) }
    #expect(verdicts == [true, false, false, false, false, true], "\(result.output)")
    #expect(result.status == 2)
  }
}
