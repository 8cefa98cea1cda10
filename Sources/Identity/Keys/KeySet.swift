/// Every key that may verify tokens at one moment: immutable, small enough to be searched in order.
package struct KeySet: Sendable {
  package private(set) var keys: [VerificationKey] = []
  /// Keys the source holds that may not be used here, and why.
  package private(set) var skipped: [SkippedKey] = []

  /// Issuers publish two or three keys. Past this a set is somebody's mistake, and a search no longer costs nothing.
  package static let keysMax = 32

  /// Whether a set may hold shared secrets.
  package enum Symmetry: Sendable {
    /// The only choice for keys that were published or fetched.
    case asymmetricOnly
    /// Also `oct` keys, but never beside public ones: mixing them is how RS256-to-HS256 confusion starts. For
    /// development and test vectors.
    case secretsAllowed
  }

  /// No keys: nothing verifies.
  package init() {}

  /// Reads a JWKS document (RFC 7517 §5).
  ///
  /// A set that is malformed, larger than 64 KiB or 32 keys, names a `kid` twice, holds private or `oct` members, or
  /// leaves no usable key is refused whole, so that a poisoned publication cannot displace a good one. A single key
  /// that may not be used is skipped and listed.
  package init(jwks: [UInt8], _ symmetry: Symmetry = .asymmetricOnly) throws(KeySetProblem) {
    let document: JSONDocument
    do {
      document = try JSONDocument(jwks, .keySet)
    } catch {
      throw KeySetProblem("The key set \(error)")
    }
    guard let list = document.root["keys"], list.isArray else {
      throw KeySetProblem("The key set has no `keys` array")
    }
    let entries = list.elements
    guard entries.count <= Self.keysMax else {
      throw KeySetProblem("The key set holds \(entries.count) keys; \(Self.keysMax) are allowed")
    }
    try Self.refuseSecrets(entries, symmetry)
    for (position, entry) in entries.enumerated() {
      do {
        keys.append(try JWK.key(entry))
      } catch {
        skipped.append(SkippedKey(id: entry["kid"]?.string, position: position, reason: error.reason))
      }
    }
    try Self.refuseDuplicates(keys.map(\.id) + skipped.compactMap(\.id))
    guard !keys.isEmpty else {
      throw KeySetProblem("The key set has no usable key" + (skipped.first.map { ": \($0.reason)" } ?? ""))
    }
  }

  /// One shared secret for HS256, known as `dev`. For development only: its holder can sign as anybody.
  package init(developmentSecret secret: [UInt8]) throws(KeySetProblem) {
    do {
      keys = [try KeyMaterial.secret(secret).key(id: "dev", algorithm: .hs256)]
    } catch {
      throw KeySetProblem("The development secret cannot be used: \(error.reason)")
    }
  }

  /// Public keys given as such, for the PEM reader.
  init(_ keys: [VerificationKey]) throws(KeySetProblem) {
    guard keys.count <= Self.keysMax else {
      throw KeySetProblem("There are \(keys.count) keys; \(Self.keysMax) are allowed")
    }
    try Self.refuseDuplicates(keys.map(\.id))
    self.keys = keys
  }

  /// The key a token names. Without a name only a set of one key can be meant.
  func key(named id: String?) -> VerificationKey? {
    guard let id else { return keys.count == 1 ? keys[0] : nil }
    return keys.first { $0.id.isIdentical(to: id) }
  }

  /// Both sets; where both have a name, this one's key stays and the other is listed as skipped.
  package func merging(_ other: KeySet) -> KeySet {
    var merged = self
    merged.skipped += other.skipped
    for key in other.keys {
      if self.key(named: key.id) == nil {
        merged.keys.append(key)
      } else {
        merged.skipped.append(SkippedKey(id: key.id, position: nil, reason: "a pinned key has the same kid"))
      }
    }
    return merged
  }

  /// Whether both accept exactly the same tokens.
  package func isEquivalent(to other: KeySet) -> Bool {
    keys.elementsEqual(other.keys) {
      $0.thumbprint == $1.thumbprint && $0.algorithm == $1.algorithm && $0.id.isIdentical(to: $1.id)
    }
  }

  private static func refuseSecrets(_ entries: [JSONValue], _ symmetry: Symmetry) throws(KeySetProblem) {
    let shared = entries.count(where: JWK.isShared)
    let isForbidden = shared > 0 && symmetry == .asymmetricOnly
    guard !isForbidden, !entries.contains(where: JWK.isPrivate) else {
      throw KeySetProblem("The key set holds private or symmetric keys; whoever published it must replace them")
    }
    guard shared == 0 || shared == entries.count else {
      throw KeySetProblem("The key set mixes shared secrets with public keys")
    }
  }

  private static func refuseDuplicates(_ ids: [String]) throws(KeySetProblem) {
    var seen: Set<[UInt8]> = []
    for id in ids where !seen.insert(Array(id.utf8)).inserted {
      throw KeySetProblem("The key set names kid \"\(excerpt(id))\" twice")
    }
  }
}

/// Why a whole key set was refused, in one sentence for an operator.
package struct KeySetProblem: Error, Equatable, Sendable, CustomStringConvertible {
  package let description: String

  init(_ description: String) {
    self.description = description
  }
}

/// A key that its source holds and we do not use.
package struct SkippedKey: Equatable, Sendable {
  package let id: String?
  /// Place in the source's list, from zero; `nil` if it was left out for another reason than its own.
  package let position: Int?
  package let reason: String
}
