import Testing

@testable import Identity

@Suite struct `Key sets` {
  static let ed = #"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","kid":"ed"}"#
  static let ec = """
    {"kty":"EC","crv":"P-256","x":"gUcT7yaUUS1xgfMDJ55ZrfBucOr0vwb__sUUZDPmwTM",\
    "y":"rzYigtYTseSOZQmrRfAhcEVL77_lw9phcup0JlnOhKU","kid":"ec"}
    """
  /// The key of RFC 7638 §3.1.
  static let modulus = """
    0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknj\
    hMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQ\
    vRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzK\
    nqDKgw
    """

  static func rsa(_ members: String = "", e: String = "AQAB", n: String = modulus) -> String {
    #"{"kty":"RSA","n":"\#(n)","e":"\#(e)"\#(members)}"#
  }

  static func set(_ keys: String...) throws -> KeySet {
    try KeySet(jwks: "{\"keys\":[\(keys.joined(separator: ","))]}".bytes)
  }

  static func problem(_ jwks: String) -> String? {
    do {
      _ = try KeySet(jwks: jwks.bytes)
      return nil
    } catch {
      return error.description
    }
  }

  @Test func `pins every key to one algorithm`() throws {
    let set = try Self.set(Self.ed, Self.ec, Self.rsa(#","kid":"r""#), Self.rsa(#","kid":"p","alg":"PS256""#))
    #expect(set.keys.map(\.algorithm) == [.eddsa, .es256, .rs256, .ps256])
    #expect(set.keys.map(\.id) == ["ed", "ec", "r", "p"])
    #expect(set.skipped.isEmpty)
  }

  @Test func `knows the thumbprints of RFC 7638 and RFC 8037`() throws {
    let set = try Self.set(Self.rsa(#","alg":"RS256","kid":"2011-04-29""#), Self.ed)
    #expect(set.keys[0].thumbprint == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs")
    #expect(set.keys[1].thumbprint == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k")
  }

  @Test func `names a key without kid by its thumbprint`() throws {
    #expect(try Self.set(Self.rsa()).keys[0].id == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs")
  }

  @Test func `reads a modulus that carries a sign byte as the same number`() throws {
    let bytes = try #require(Base64URL.decode(Self.modulus))
    let set = try Self.set(Self.rsa(n: Base64URL.encode([0] + bytes)))
    #expect(set.keys[0].thumbprint == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs")
  }

  @Test(arguments: [
    (#""use":"enc""#, "use is not sig"), (#""use":1"#, "use is not sig"),
    (#""key_ops":["sign"]"#, "key_ops does not hold verify"), (#""key_ops":"verify""#, "key_ops does not hold verify"),
    (#""alg":"ES384""#, "alg ES384 does not fit the key type"),
    (#""alg":"RS256""#, "alg RS256 does not fit the key type"),
    (#""alg":"ES521""#, "alg ES521 is not a signature algorithm we know"),
    (#""alg":"none""#, "alg none is not a signature algorithm we know"),
    (#""alg":7"#, "alg of another type is not a signature algorithm we know"),
  ])
  func `skips a key that is not for verifying, and says why`(_ member: String, _ reason: String) throws {
    let bad = Self.ec.replacing(#""kid":"ec""#, with: #""kid":"bad",\#(member)"#)
    let set = try Self.set(bad, Self.ed)
    #expect(set.keys.map(\.id) == ["ed"])
    #expect(set.skipped == [SkippedKey(id: "bad", position: 0, reason: reason)])
  }

  @Test func `skips keys it cannot or must not use and keeps the others`() throws {
    let cases: [(String, String)] = [
      (#"{"kty":"EC","crv":"secp256k1","x":"AA","y":"AA"}"#, "crv is not one of P-256, P-384, P-521"),
      (#"{"kty":"OKP","crv":"Ed448","x":"AA"}"#, "crv is not Ed25519"),
      (#"{"kty":"OKP","crv":"Ed25519","x":"AAAA"}"#, "an Ed25519 key is 32 bytes, this one 3"),
      (#"{"kty":"OKP","crv":"Ed25519","x":"AA="}"#, "x is missing or not base64url"),
      (#"{"kty":"AKP"}"#, "kty is not one of RSA, EC, OKP"),
      ("7", "not an object"),
      (Self.ec.replacing("rzYigtYT", with: "rzYigtYU"), "the point is not on P-256"),
      (Self.ec.replacing("P-256", with: "P-384"), "coordinates of P-384 have 48 bytes each"),
      (Self.ed.replacing(#""ed""#, with: "3"), "kid is not a string of 1 to 256 bytes"),
      (Self.ed.replacing(#""ed""#, with: #""""#), "kid is not a string of 1 to 256 bytes"),
      (Self.rsa(e: "AQ"), "the RSA exponent must be odd, above 2 and below 2^32"),
      (Self.rsa(e: "Ag"), "the RSA exponent must be odd, above 2 and below 2^32"),
      (Self.rsa(e: "AQAAAAE"), "the RSA exponent must be odd, above 2 and below 2^32"),
      (Self.rsa(n: String(Self.modulus.prefix(172))), "RSA needs 2048 bits or more, this key has 1032"),
      (Self.rsa(n: Self.modulus.dropLast(2) + "gg"), "the RSA modulus is even"),
    ]
    for (key, reason) in cases {
      let set = try Self.set(key, Self.ed.replacing(#""ed""#, with: #""good""#))
      #expect(set.keys.map(\.id) == ["good"], "\(key)")
      #expect(set.skipped.map(\.reason) == [reason], "\(key)")
    }
  }

  @Test func `skips a key with the ROCA fingerprint`() throws {
    let vectors = try Fixture.json("wycheproof/json_web_key_test.json")["testGroups"]?.elements ?? []
    let group = try #require(vectors.first { $0["comment"]?.string == "jws_rsa_roca_key" })
    let key = try #require(group["public"]?["keys"]?.elements.first)
    let set = try Self.set(key.json, Self.ed)
    #expect(set.keys.map(\.id) == ["ed"])
    #expect(set.skipped.first?.reason.contains("ROCA") == true)
  }

  @Test func `refuses the whole set when anything about it is suspicious`() {
    let d = Self.ec.replacing(#""kid""#, with: #""d":"yy49oPcINGK2ps0LmtxpB6UTEOiITghHBif6wDqmJ3c","kid""#)
    let cases: [(String, String)] = [
      ("{\"keys\":[\(d),\(Self.ed)]}", "private or symmetric"),
      (#"{"keys":[{"kty":"oct","k":"AAAA"},\#(Self.ed)]}"#, "private or symmetric"),
      (#"{"keys":[{"kty":"RSA","use":"enc","k":"AAAA"},\#(Self.ed)]}"#, "private or symmetric"),
      ("{\"keys\":[\(Self.ed),\(Self.ec.replacing("\"ec\"", with: "\"ed\""))]}", "names kid \"ed\" twice"),
      ("{\"keys\":[\(Self.ed),{\"kid\":\"ed\",\"use\":\"enc\"}]}", "names kid \"ed\" twice"),
      ("{\"keys\":[\(Self.ed)],\"keys\":[]}", "has a name twice"),
      ("{\"keys\":[\(Self.ed)]", "is not JSON"),
      ("\u{FEFF}{\"keys\":[\(Self.ed)]}", "byte order mark"),
      ("<html>", "is not JSON"), ("[]", "no `keys` array"), (#"{"keys":{}}"#, "no `keys` array"),
      (#"{"keys":[]}"#, "no usable key"), (#"{"keys":[{"kty":"EC","use":"enc"}]}"#, "no usable key: use is not sig"),
      ("{\"keys\":[\(Self.ed)]}" + String(repeating: " ", count: 65_536), "too large"),
      ("{\"keys\":[\(Array(repeating: "{}", count: 33).joined(separator: ","))]}", "33 keys; 32 are allowed"),
    ]
    for (jwks, reason) in cases {
      #expect(Self.problem(jwks)?.contains(reason) == true, "\(jwks.prefix(80)): \(Self.problem(jwks) ?? "accepted")")
    }
  }

  @Test func `never takes a shared secret beside a public key`() throws {
    let secret = #"{"kty":"oct","k":"-ebuDNsVZ2iJtoZ-akfXTSCt4UO2cruLCsbWlBinggE","kid":"s","alg":"HS256"}"#
    let alone = "{\"keys\":[\(secret)]}".bytes
    #expect(throws: KeySetProblem.self) { try KeySet(jwks: alone) }
    #expect(try KeySet(jwks: alone, .secretsAllowed).keys.map(\.algorithm) == [.hs256])
    #expect(throws: KeySetProblem("The key set mixes shared secrets with public keys")) {
      try KeySet(jwks: "{\"keys\":[\(secret),\(Self.ed)]}".bytes, .secretsAllowed)
    }
  }

  @Test func `takes a development secret of 32 bytes and none shorter`() throws {
    #expect(try KeySet(developmentSecret: Array(repeating: 7, count: 32)).keys.map(\.id) == ["dev"])
    #expect(throws: KeySetProblem.self) { try KeySet(developmentSecret: Array(repeating: 7, count: 31)) }
  }

  @Test func `finds keys by their exact name, and without one only if there is one`() throws {
    let one = try Self.set(Self.ed)
    let two = try Self.set(Self.ed, Self.ec.replacing(#""ec""#, with: "\"K\""))
    #expect(one.key(named: nil)?.id == "ed")
    #expect(two.key(named: nil) == nil)
    #expect(two.key(named: "ed")?.id == "ed")
    #expect(two.key(named: "ED") == nil)
    #expect(two.key(named: "ed ") == nil)
    #expect(two.key(named: "K")?.id == "K")
    #expect(two.key(named: "\u{212A}") == nil)
  }

  @Test func `lets a pinned key win over a fetched one of the same name`() throws {
    let pinned = try Self.set(Self.ed.replacing(#""ed""#, with: #""k""#))
    let fetched = try Self.set(Self.ec.replacing(#""ec""#, with: #""k""#), Self.rsa(#","kid":"r""#))
    let merged = pinned.merging(fetched)
    #expect(merged.keys.map(\.id) == ["k", "r"])
    #expect(merged.keys[0].algorithm == .eddsa)
    #expect(merged.skipped.map(\.reason) == ["a pinned key has the same kid"])
  }
}
