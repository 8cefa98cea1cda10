import ControlModel
import Testing

@testable import Identity

/// An issuer with one key, and a gateway that believes it.
struct TestIssuer {
  static let now = WallTime(unixSeconds: 1_800_000_000)

  var policy = TokenPolicy(issuer: "https://platform.test/", audience: "trading-backend")
  let signer: TokenSigner
  let store: KeyStore

  init(_ kind: TokenSigner.Kind = .ed25519, seed: UInt64 = 1) throws {
    var random = SplitMix64(seed)
    signer = TokenSigner.fresh(kind, using: &random)
    store = KeyStore(pinned: try KeySet(jwks: signer.jwks.bytes), expectsFetched: false)
  }

  var verifier: TokenVerifier { TokenVerifier(policy, keys: store) }

  func draft(subject: String = "user-1", role: Role = .user, tenant: String? = "tenant-a") -> TokenDraft {
    var draft = TokenDraft(
      for: policy, subject: subject, role: role, tenant: tenant.flatMap { TenantID($0) }, at: Self.now,
      lifetimeSeconds: 900)
    draft.tokenID = "jti-1"
    draft.sessionID = "sess-1"
    return draft
  }

  func token(_ change: (inout TokenDraft) -> Void = { _ in }) throws -> [UInt8] {
    var draft = draft()
    change(&draft)
    return try signer.sign(draft).bytes
  }

  /// A well-signed token with any payload, and header members after `alg` and `kid`.
  func token(payload: String, header: String = #""typ":"at+jwt""#) throws -> [UInt8] {
    let comma = header.isEmpty ? "" : ","
    return try signer.sign(
      header: #"{"alg":"\#(signer.algorithm.rawValue)","kid":"\#(signer.keyID)"\#(comma)\#(header)}"#, payload: payload
    ).bytes
  }

  /// The claims of a good token with members replaced, added (JSON text) or removed (nil).
  func payload(_ changes: [String: String?] = [:]) -> String {
    var members = [
      "iss": #""https://platform.test/""#, "aud": #""trading-backend""#, "sub": #""user-1""#, "role": #""user""#,
      "tenantId": #""tenant-a""#, "exp": "1800000840", "iat": "1799999940",
    ]
    for (name, value) in changes { members[name] = value }
    return "{" + members.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ",") + "}"
  }

  func principal(_ change: (inout TokenDraft) -> Void = { _ in }) throws -> Principal {
    let token = try token(change)
    return try verifier.verify(token.span, at: Self.now)
  }

  /// The code a token is refused with; `nil` if it is accepted.
  func code(_ token: [UInt8], at now: WallTime = now) -> RefusalCode? {
    refusal { _ = try verifier.verify(token.span, at: now) }
  }

  func code(payload changes: [String: String?]) throws -> RefusalCode? {
    code(try token(payload: payload(changes)))
  }
}

/// The refusal's code if `body` refuses.
func refusal(_ body: () throws -> Void) -> RefusalCode? {
  do {
    try body()
    return nil
  } catch {
    return (error as? Refusal)?.code ?? .internalError
  }
}
