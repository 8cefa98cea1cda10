import FoundationEssentials

/// Public keys as PEM text (RFC 7468): `PUBLIC KEY` (SubjectPublicKeyInfo, RFC 5280 §4.1) and `RSA PUBLIC KEY`
/// (PKCS #1). Several blocks are several keys, which is how a pinned key is rotated.
extension KeySet {
  /// Keys are named by their RFC 7638 thumbprint and pinned to RS256, ES256/384/512 or EdDSA by their kind.
  ///
  /// A literal `\n` counts as a line break, because environment files carry PEM that way. One bad block refuses all:
  /// this text is written by the operator, who should hear of it at start.
  package init(pem text: String) throws(KeySetProblem) {
    var keys: [VerificationKey] = []
    for block in try PEM.blocks(text) {
      guard let material = PEM.material(block) else {
        throw KeySetProblem("PEM block \(keys.count + 1) (\(excerpt(block.label))) is not a public key we can read")
      }
      do {
        keys.append(try material.key(id: nil, algorithm: material.defaultAlgorithm))
      } catch {
        throw KeySetProblem("PEM block \(keys.count + 1) cannot be used: \(error.reason)")
      }
    }
    guard !keys.isEmpty else { throw KeySetProblem("The text holds no PEM block") }
    try self.init(keys)
  }
}

enum PEM {
  struct Block {
    let label: String
    let der: [UInt8]
  }

  /// Longest text read: 32 keys of 8192 bits need less than half of it.
  private static let textBytesMax = 131_072

  private static let rsaEncryption: [UInt8] = [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01]
  private static let ecPublicKey: [UInt8] = [0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01]
  private static let ed25519: [UInt8] = [0x2B, 0x65, 0x70]
  private static let curves: [(identifier: [UInt8], curve: KeyMaterial.Curve)] = [
    ([0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07], .p256),
    ([0x2B, 0x81, 0x04, 0x00, 0x22], .p384),
    ([0x2B, 0x81, 0x04, 0x00, 0x23], .p521),
  ]

  static func blocks(_ text: String) throws(KeySetProblem) -> [Block] {
    guard text.utf8.count <= textBytesMax else {
      throw KeySetProblem("The PEM text is larger than \(textBytesMax) bytes")
    }
    var blocks: [Block] = []
    var label: String?
    var body = ""
    for line in lines(text) {
      if let begun = marker(line, "BEGIN") {
        guard label == nil else { throw KeySetProblem("A PEM block begins inside another") }
        (label, body) = (begun, "")
      } else if let ended = marker(line, "END") {
        guard label == ended, let data = Data(base64Encoded: body) else {
          throw KeySetProblem("PEM block \(blocks.count + 1) is cut off or not base64")
        }
        blocks.append(Block(label: ended, der: Array(data)))
        label = nil
      } else if label != nil {
        body += line
      }
    }
    guard label == nil else { throw KeySetProblem("PEM block \(blocks.count + 1) has no END line") }
    return blocks
  }

  private static func lines(_ text: String) -> [Substring] {
    text.replacing("\\n", with: "\n").split(whereSeparator: \.isNewline).map { line in
      let start = line.drop { $0 == " " || $0 == "\t" }
      return start.prefix(
        upTo: start.lastIndex { $0 != " " && $0 != "\t" }.map(start.index(after:)) ?? start.startIndex)
    }
  }

  private static func marker(_ line: Substring, _ kind: String) -> String? {
    let (head, tail) = ("-----\(kind) ", "-----")
    guard line.hasPrefix(head), line.hasSuffix(tail), line.count >= head.count + tail.count else { return nil }
    return String(line.dropFirst(head.count).dropLast(tail.count))
  }

  static func material(_ block: Block) -> KeyMaterial? {
    switch block.label {
    case "PUBLIC KEY": subjectPublicKeyInfo(block.der[...])
    case "RSA PUBLIC KEY": rsaPublicKey(block.der[...])
    default: nil
    }
  }

  private static func subjectPublicKeyInfo(_ der: ArraySlice<UInt8>) -> KeyMaterial? {
    var outer = DERReader(der)
    guard let info = outer.contents(.sequence), outer.isAtEnd else { return nil }
    var fields = DERReader(info)
    guard let algorithm = fields.contents(.sequence), let key = fields.wholeBytes(), fields.isAtEnd else { return nil }
    var identifiers = DERReader(algorithm)
    guard let kind = identifiers.contents(.objectIdentifier) else { return nil }
    switch Array(kind) {
    case rsaEncryption:
      guard identifiers.contents(.null)?.isEmpty == true, identifiers.isAtEnd else { return nil }
      return rsaPublicKey(key)
    case ecPublicKey:
      guard let named = identifiers.contents(.objectIdentifier), identifiers.isAtEnd,
        let curve = curves.first(where: { $0.identifier.elementsEqual(named) })?.curve
      else { return nil }
      let width = curve.coordinateBytes
      guard key.count == 1 + 2 * width, key.first == 0x04 else { return nil }
      return .ellipticCurve(curve, x: Array(key.dropFirst().prefix(width)), y: Array(key.suffix(width)))
    case ed25519:
      guard identifiers.isAtEnd else { return nil }
      return .ed25519(Array(key))
    default: return nil
    }
  }

  private static func rsaPublicKey(_ der: ArraySlice<UInt8>) -> KeyMaterial? {
    var outer = DERReader(der)
    guard let sequence = outer.contents(.sequence), outer.isAtEnd else { return nil }
    var numbers = DERReader(sequence)
    guard let modulus = numbers.positiveInteger(), let exponent = numbers.positiveInteger(), numbers.isAtEnd else {
      return nil
    }
    return .rsa(modulus: modulus, exponent: exponent)
  }
}
