package import ControlModel

/// The verdict on one token, for `breakwater token check`.
package struct TokenVerdict: Equatable, Sendable {
  package let isAccepted: Bool
  /// The refusal's code; `ok` if accepted.
  package let code: String
  /// One sentence; never the token.
  package let why: String

  /// `{"verdict":"accept"|"refuse","code":…,"why":…}` on one line.
  package var json: String {
    JSONText.object([
      ("verdict", .string(isAccepted ? "accept" : "refuse")), ("code", .string(code)), ("why", .string(why)),
    ])
  }
}

extension TokenVerifier {
  /// What the gateway would say to `token` at `now`, revocations aside.
  package func verdict(on token: Span<UInt8>, at now: WallTime) -> TokenVerdict {
    do {
      let principal = try verify(token, at: now)
      let tenant = principal.tenant.map { " of tenant \($0)" } ?? ""
      return TokenVerdict(
        isAccepted: true, code: "ok",
        why: "\(principal.role.rawValue) \(principal.subject)\(tenant), key \(excerpt(principal.keyID)).")
    } catch {
      return TokenVerdict(isAccepted: false, code: error.code.rawValue, why: error.detail)
    }
  }
}
