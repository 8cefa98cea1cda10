import Breakwater
import DataPlane
import Identity
import Testing

/// What a shared secret in the environment does, and above all what it does not.
@Suite struct `Development keys` {
  static let secret = "0123456789abcdef0123456789abcdef"
  static let complete = ["PLATFORM_AUTH_ENABLED": "false", "BREAKWATER_DEV": "1", "JWT_SECRET": secret]

  private func load(_ text: String, _ environment: [String: String]) throws -> Configuration {
    try ConfigurationLoader.load(text, file: "breakwater.yaml", environment: environment)
  }

  private func problems(_ text: String, _ environment: [String: String]) -> [String] {
    do throws(ConfigurationProblems) {
      _ = try ConfigurationLoader.load(text, file: "breakwater.yaml", environment: environment)
      return []
    } catch {
      return error.problems.map(\.description)
    }
  }

  @Test(arguments: [nil, "true", "TRUE", "1", ""] as [String?])
  func `are ignored with a warning while the platform's keys count`(enabled: String?) throws {
    var environment = ["JWT_SECRET": Self.secret, "BREAKWATER_DEV": "1"]
    environment["PLATFORM_AUTH_ENABLED"] = enabled
    let configuration = try load("", environment)
    #expect(configuration.auth.developmentSecret == nil)
    #expect(configuration.auth.policy.algorithms == [.rs256, .es256, .eddsa])
    #expect(configuration.auth.jwks != nil)
    #expect(configuration.server.dataPlane.warningLine.isEmpty)
    #expect(configuration.warnings.map(\.key) == ["JWT_SECRET"])
    #expect(configuration.warnings.first?.message.contains("is ignored") == true)
  }

  @Test func `are not spoken of where there are none`() throws {
    #expect(try load("", [:]).warnings.isEmpty)
    #expect(try load("", ["JWT_SECRET": ""]).warnings.isEmpty)
  }

  @Test func `replace every other key and say so in every answer`() throws {
    let configuration = try load("auth: { jwks: ./keys.json }", Self.complete)
    #expect(configuration.auth.developmentSecret == Array(Self.secret.utf8))
    #expect(configuration.auth.jwks == nil)
    #expect(configuration.auth.policy.algorithms == [.hs256])
    let line = String(decoding: configuration.server.dataPlane.warningLine, as: UTF8.self)
    #expect(line.hasPrefix("Warning: 299 breakwater \"development keys: ") && line.hasSuffix("\"\r\n"))
    #expect(configuration.warnings.count == 1)
    #expect(!configuration.warnings.description.contains(Self.secret))
  }

  /// One thing wrong; what the sentence says about it.
  static let incomplete: [(text: String, changes: [String: String?], says: String)] = [
    ("", ["BREAKWATER_DEV": nil], "set BREAKWATER_DEV=1"),
    ("", ["BREAKWATER_DEV": "true"], "set BREAKWATER_DEV=1"),
    ("", ["JWT_SECRET": nil], "has 0 bytes"),
    ("", ["JWT_SECRET": String(secret.dropLast())], "has 31 bytes; PLATFORM_AUTH_ENABLED=false needs 32"),
    ("server: { listen: \"0.0.0.0:4018\" }", [:], "server.listen is 0.0.0.0:4018"),
    ("server: { ops: \"[::]:4019\" }", [:], "server.ops is [::]:4019"),
    ("server: { ops: \"10.0.0.7:4019\" }", [:], "listen on 127.0.0.1"),
    ("", ["PLATFORM_JWT_PUBLIC_KEY": "-----BEGIN PUBLIC KEY-----"], "beside PLATFORM_JWT_PUBLIC_KEY"),
    ("", ["PLATFORM_AUTH_ENABLED": "no"], "is not true or false"),
  ]

  @Test(arguments: incomplete.indices)
  func `refuse to start unless everything says development`(index: Int) {
    let (text, changes, says) = Self.incomplete[index]
    let environment = Self.complete.merging(changes.compactMapValues { $0 }) { $1 }
      .filter { changes[$0.key] != .some(nil) }
    let found = problems(text, environment)
    #expect(found.count == 1)
    #expect(found.first?.contains(says) == true, "\(found)")
    #expect(!found.joined().contains(Self.secret.dropLast()))
  }
}
