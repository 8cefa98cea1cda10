import Testing

@testable import Identity

@Suite struct `Strict base64url` {
  @Test func `reads what it writes, at every length`() {
    var random = SplitMix64(7)
    for length in 0..<300 {
      let bytes = (0..<length).map { _ in UInt8.random(in: .min ... .max, using: &random) }
      #expect(Base64URL.decode(Base64URL.encode(bytes)) == bytes)
    }
  }

  @Test func `knows the vectors of RFC 4648`() {
    let vectors = [("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("fooba", "Zm9vYmE")]
    for (plain, encoded) in vectors {
      #expect(Base64URL.encode(plain.bytes) == encoded)
      #expect(Base64URL.decode(encoded) == plain.bytes)
    }
    #expect(Base64URL.decode("-_8") == [0xFB, 0xFF])
  }

  @Test(arguments: [
    "Zg==", "Zm8=", "Zm9v=", "Zm9v ", " Zm9v", "Zm\n9v", "Zm+v", "Zm/v", "Zm9v?", "Zm9vY", "Zh", "Zm9", "Zm9vYm",
    "Zm9vé",
    "Zm\u{0}v", "A", "====",
  ])
  func `refuses padding, white space, the other alphabet and loose bits`(_ text: String) {
    #expect(Base64URL.decode(text) == nil)
  }

  @Test func `has exactly one text for every pair and triple of characters it accepts`() {
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=+/ ."
    for a in alphabet {
      for b in alphabet {
        let text = String([a, b])
        if let bytes = Base64URL.decode(text) { #expect(Base64URL.encode(bytes) == text) }
        let triple = String([a, "A", b])
        if let bytes = Base64URL.decode(triple) { #expect(Base64URL.encode(bytes) == triple) }
      }
    }
  }
}
