import Testing

@testable import Identity

@Suite struct `Published vectors` {
  /// Where a strict verifier and json_web_signature_test disagree. Two of them no verifier can get right together with
  /// case 357, see the test below.
  static let exceptions = [
    346: "the key is pinned to PS256, the token says PS384", 350: "the key is pinned to PS256, the token says PS384",
    367: "the same bytes as 357, which is valid", 370: "the same bytes as 357, which is valid",
    372: "the header has a `?` inside its base64url", 373: "the payload has a `?` inside its base64url",
  ]

  static func results(_ file: String) throws -> (right: Int, wrong: [Int64]) {
    var right = 0
    var wrong: [Int64] = []
    for group in try Fixture.json("wycheproof/\(file)")["testGroups"]?.elements ?? [] {
      let key = try #require(group["public"] ?? group["private"])
      let jwks = key["keys"] == nil ? "{\"keys\":[\(key.json)]}" : key.json
      for test in group["tests"]?.elements ?? [] {
        guard let token = test["jws"] else { continue }
        let isAccepted = JOSECore.payload(token.string ?? token.json, jwks: jwks) != nil
        let id = try #require(test["tcId"]?.integer)
        if isAccepted == (test["result"]?.string == "valid") { right += 1 } else { wrong.append(id) }
      }
    }
    return (right, wrong)
  }

  @Test func `Wycheproof json_web_signature, 395 of 401, the rest listed`() throws {
    let (right, wrong) = try Self.results("json_web_signature_test.json")
    #expect(right == 395)
    #expect(Set(wrong.map(Int.init)) == Set(Self.exceptions.keys))
    let reasons = wrong.sorted().map { id in
      "\nscore:   not as the file says: tcId \(id), \(Self.exceptions[Int(id)] ?? "why?")"
    }
    print("score: Wycheproof json_web_signature: \(right)/\(right + wrong.count)\(reasons.joined())")
  }

  @Test func `Wycheproof calls one and the same token valid in case 357 and invalid in 367 and 370`() throws {
    let groups = try Fixture.json("wycheproof/json_web_signature_test.json")["testGroups"]?.elements ?? []
    let cases = try #require(groups.first { $0["comment"]?.string == "base64" })["tests"]?.elements ?? []
    let tokens = cases.filter { [357, 367, 370].contains($0["tcId"]?.integer) }.map { $0["jws"]?.string }
    #expect(tokens.count == 3)
    #expect(Set(tokens).count == 1)
  }

  @Test func `Wycheproof json_web_key, 26 of 26`() throws {
    let (right, wrong) = try Self.results("json_web_key_test.json")
    #expect(right == 26)
    #expect(wrong.isEmpty)
    print("score: Wycheproof json_web_key: \(right)/\(right + wrong.count)")
  }

  @Test func `Wycheproof json_web_crypto, its 49 signature cases`() throws {
    let (right, wrong) = try Self.results("json_web_crypto_test.json")
    #expect(right == 49)
    #expect(wrong.isEmpty)
    print("score: Wycheproof json_web_crypto, signatures: \(right)/\(right + wrong.count)")
  }

  /// RFC 7520 §4: four compact tokens are verified; four other serialisations are refused.
  static let compact = [
    "4_1.rsa_v15_signature", "4_2.rsa-pss_signature", "4_3.ecdsa_signature", "4_4.hmac-sha2_integrity_protection",
  ]
  static let otherForms = [
    "4_5.signature_with_detached_content", "4_6.protecting_specific_header_fields", "4_7.protecting_content_only",
    "4_8.multiple_signatures",
  ]

  @Test func `RFC 7520, its 8 examples`() throws {
    let right =
      try Self.compact.count { try Self.isVerified($0) } + Self.otherForms.count { try Self.acceptedForms($0).isEmpty }
    #expect(right == 8)
    print("score: RFC 7520 section 4: \(right)/\(Self.compact.count + Self.otherForms.count)")
  }

  @Test(arguments: compact)
  func `verifies the compact examples of RFC 7520`(_ name: String) throws {
    #expect(try Self.isVerified(name))
  }

  private static func isVerified(_ name: String) throws -> Bool {
    let example = try Fixture.json("rfc7520/\(name).json")
    let input = try #require(example["input"])
    let jwks = JOSECore.jwks(publicPartOf: try #require(input["key"]), algorithm: input["alg"]?.string)
    let token = try #require(example["output"]?["compact"]?.string)
    return JOSECore.payload(token, jwks: jwks) == input["payload"]?.string?.bytes
  }

  @Test func `verifies the Ed25519 example of RFC 8037`() throws {
    let example = try Fixture.json("rfc7520/curve25519_jws.json")
    let jwks = JOSECore.jwks(publicPartOf: try #require(example["input"]?["key"]), algorithm: "EdDSA")
    let token = try #require(example["output"]?["compact"]?.string)
    #expect(JOSECore.payload(token, jwks: jwks) == "Example of Ed25519 signing".bytes)
  }

  @Test(arguments: otherForms + ["rfc7797_b64_false"])
  func `refuses detached, unencoded and JSON serialisations`(_ name: String) throws {
    #expect(try Self.acceptedForms(name) == [])
  }

  /// Names of the serialisations of an example that some key of it would verify.
  private static func acceptedForms(_ name: String) throws -> [String] {
    let example = try Fixture.json("rfc7520/\(name).json")
    let input = try #require(example["input"])
    let keys = try #require(input["key"])
    var accepted: [String] = []
    for key in keys.isArray ? keys.elements : [keys] {
      for algorithm in input["alg"].map({ $0.isArray ? $0.elements : [$0] }) ?? [] {
        let jwks = JOSECore.jwks(publicPartOf: key, algorithm: algorithm.string)
        for form in example["output"]?.members ?? []
        where JOSECore.payload(form.value.string ?? form.value.json, jwks: jwks) != nil {
          accepted.append(form.name)
        }
      }
    }
    return accepted
  }
}
