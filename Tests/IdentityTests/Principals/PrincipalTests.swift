import ControlModel
import Testing

@testable import Identity

@Suite struct `Principals` {
  let issuer: TestIssuer

  init() throws {
    issuer = try TestIssuer()
  }

  @Test func `carries the upstream's identity headers ready made`() throws {
    let user = try issuer.principal { $0.subject = "auth0|7" }
    #expect(
      user.identityHeaderLines == "X-Tenant-Id: tenant-a\r\nX-User-Id: auth0|7\r\nX-User-Role: user\r\n".bytes)
    let admin = try issuer.principal { ($0.role, $0.tenant) = (.admin, nil) }
    #expect(admin.identityHeaderLines == "X-User-Id: user-1\r\nX-User-Role: admin\r\n".bytes)
  }

  @Test func `gives every subject an id of its own`() throws {
    let digested = Principal.userID(for: "someone@example.com")
    #expect(Principal.userID(for: "user-1.a_B") == UserID("user-1.a_B"))
    #expect(digested.text.hasPrefix("sub-sha256."))
    #expect(digested.text.utf8.count == 54)
    #expect(Principal.userID(for: digested.text) != digested)
    #expect(Principal.userID(for: String(repeating: "a", count: 65)).text.hasPrefix("sub-sha256."))
    #expect(Principal.userID(for: "someone@example.org") != digested)
  }

  @Test func `stops being valid at its expiry plus the allowed skew`() throws {
    let principal = try issuer.principal()
    #expect(refusal { try principal.checkValidity(at: principal.acceptedUntilTime.adding(milliseconds: -1)) } == nil)
    #expect(refusal { try principal.checkValidity(at: principal.acceptedUntilTime) } == .authExpired)
    #expect(refusal { try principal.checkValidity(at: WallTime(unixSeconds: 0)) } == .authNotYetValid)
  }
}
