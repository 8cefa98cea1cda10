import Testing

@testable import Identity

@Suite struct `PEM public keys` {
  static func problem(_ text: String) -> String? {
    do {
      _ = try KeySet(pem: text)
      return nil
    } catch {
      return error.description
    }
  }

  @Test(arguments: [
    ("rsa2048", SignatureAlgorithm.rs256), ("rsa2048_pkcs1", .rs256), ("p256", .es256), ("p384", .es384),
    ("p521", .es512), ("ed25519", .eddsa),
  ])
  func `reads a key of every kind, named by its thumbprint`(_ name: String, _ algorithm: SignatureAlgorithm) throws {
    let set = try KeySet(pem: try Fixture.text("pem/\(name).pem"))
    #expect(set.keys.map(\.algorithm) == [algorithm])
    #expect(set.keys[0].id == set.keys[0].thumbprint)
  }

  @Test func `finds the same key in PEM and in a JWKS`() throws {
    let corpus = try Fixture.json("attacks/attacks.json")
    let pem = try KeySet(pem: try #require(corpus["publicKeyPEM"]?.string))
    let jwks = try KeySet(jwks: try #require(corpus["jwks"]).json.bytes)
    #expect(pem.keys[0].thumbprint == jwks.key(named: "rsa-1")?.thumbprint)
  }

  @Test func `names a key the same whether it came as SPKI or PKCS 1`() throws {
    let spki = try KeySet(pem: try Fixture.text("pem/rsa2048.pem"))
    let pkcs1 = try KeySet(pem: try Fixture.text("pem/rsa2048_pkcs1.pem"))
    #expect(spki.keys[0].id == pkcs1.keys[0].id)
  }

  @Test func `takes several blocks, with text between them, as several keys`() throws {
    let text = "old key\n" + (try Fixture.text("pem/p256.pem")) + "\nnew key\n" + (try Fixture.text("pem/ed25519.pem"))
    #expect(try KeySet(pem: text).keys.map(\.algorithm) == [.es256, .eddsa])
  }

  @Test func `reads PEM from an environment variable, with escaped or Windows line ends and indentation`() throws {
    let text = try Fixture.text("pem/p256.pem")
    let expected = try KeySet(pem: text).keys[0].id
    #expect(try KeySet(pem: text.replacing("\n", with: "\\n")).keys[0].id == expected)
    #expect(try KeySet(pem: text.replacing("\n", with: "\r\n")).keys[0].id == expected)
    #expect(try KeySet(pem: "  " + text.replacing("\n", with: " \n\t")).keys[0].id == expected)
  }

  @Test func `refuses all of it when one block is wrong`() throws {
    let good = try Fixture.text("pem/p256.pem")
    let cases: [(String, String)] = [
      ("", "no PEM block"), ("not a key", "no PEM block"),
      (good + good, "twice"),
      (try good + Fixture.text("pem/rsa1024.pem"), "2048 bits or more, this key has 1024"),
      (try Fixture.text("pem/secp256k1.pem"), "not a public key we can read"),
      (good.replacing("PUBLIC", with: "PRIVATE"), "not a public key we can read"),
      (good.replacing("-----END", with: "----END"), "no END line"),
      (good.replacing("END PUBLIC", with: "END RSA PUBLIC"), "cut off or not base64"),
      (good.replacing("MFkw", with: "MF*w"), "cut off or not base64"),
      (good.replacing("MFkw", with: "MFgw"), "not a public key we can read"),
      (good.replacing("gtbDRuEK", with: "gtbDRuEL"), "point is not on P-256"),
      ("-----BEGIN PUBLIC KEY-----\n" + good, "begins inside another"),
    ]
    for (text, reason) in cases {
      #expect(Self.problem(text)?.contains(reason) == true, "\(reason): \(Self.problem(text) ?? "accepted")")
    }
  }

  @Test func `survives every truncation and every changed byte of a key`() throws {
    let der = try #require(try PEM.blocks(try Fixture.text("pem/rsa2048.pem")).first?.der)
    for length in 0..<der.count {
      #expect(PEM.material(.init(label: "PUBLIC KEY", der: Array(der.prefix(length)))) == nil)
    }
    for index in 0..<40 {
      for value in stride(from: 0, through: 255, by: 5) {
        var changed = der
        changed[index] = UInt8(value)
        _ = PEM.material(.init(label: "PUBLIC KEY", der: changed))
      }
    }
  }
}
