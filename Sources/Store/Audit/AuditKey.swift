import Crypto
import Foundation

/// The key that signs checkpoints of one audit log. It lives in a file of mode 0600 beside the log.
package struct AuditKey: Sendable {
  package let verifier: AuditVerifierKey
  private let key: Curve25519.Signing.PrivateKey

  package static let fileName = "audit.key"
  /// The public half, one line per key this log ever had.
  package static let publicFileName = "audit.pub"

  /// - Parameter seed: 32 unpredictable bytes. Throws `corrupt` for another count.
  package init(seed: [UInt8]) throws(StoreFailure) {
    guard let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: seed) else {
      throw StoreFailure(.corrupt, "An audit key is made of 32 bytes, not \(seed.count).")
    }
    self.key = key
    verifier = AuditVerifierKey(publicKey: Array(key.publicKey.rawRepresentation))
  }

  /// Reads the key of the folder; makes one of `seed()` where there is none. Throws `unwritable` and `corrupt`.
  package static func load(_ folder: String, seed: () -> [UInt8]) throws(StoreFailure) -> AuditKey {
    let path = folder + "/" + fileName
    if let text = try? String(contentsOfFile: path, encoding: .utf8) {
      guard let key = AuditKey(text: text.trimmingCharacters(in: .whitespacesAndNewlines)) else {
        throw StoreFailure(
          .corrupt, "The file \(path) is not an audit key. Restore it, or move it away to begin signing with a new one."
        )
      }
      return key
    }
    // Written whole under a name of its own, then given the real one: of several processes that begin at once one wins.
    let key = try AuditKey(seed: seed())
    let draft = "\(path).\(getpid())"
    unlink(draft)
    try keep(key.text, draft, mode: 0o600, flags: O_CREAT | O_EXCL)
    let isOurs = link(draft, path) == 0
    let reason = errno
    unlink(draft)
    guard isOurs else {
      if reason == EEXIST { return try load(folder, seed: seed) }
      throw StoreFailure(.unwritable, "The file \(path) cannot be made: \(String(cString: strerror(reason))).")
    }
    try keep(key.verifier.text, folder + "/" + publicFileName, mode: 0o644, flags: O_CREAT | O_APPEND)
    return key
  }

  /// Everyone who may have signed this log: this key, and those it had before.
  package func allKeys(in folder: String) -> [AuditVerifierKey] {
    let earlier = AuditVerifierKey.read(folder + "/" + Self.publicFileName).filter { $0 != verifier }
    return [verifier] + earlier
  }

  private static func keep(_ text: String, _ path: String, mode: mode_t, flags: Int32) throws(StoreFailure) {
    let descriptor = open(path, O_WRONLY | O_CLOEXEC | flags, mode)
    defer { if descriptor >= 0 { close(descriptor) } }
    let line = Array((text + "\n").utf8)
    guard descriptor >= 0, write(descriptor, line, line.count) == line.count, fsync(descriptor) == 0 else {
      throw StoreFailure(.unwritable, "The file \(path) cannot be written: \(DataDirectory.reason()).")
    }
  }

  /// `PRIVATE+KEY+<name>+<key id>+<base64 of 0x01 and the seed>`, as Go's `note` package writes it.
  private var text: String {
    let secret = Data([0x01] + Array(key.rawRepresentation)).base64EncodedString()
    return "PRIVATE+KEY+\(verifier.name)+\(verifier.idText)+\(secret)"
  }

  private init?(text: String) {
    let parts = text.split(separator: "+", maxSplits: 4, omittingEmptySubsequences: false)
    guard parts.count == 5, parts[0] == "PRIVATE", parts[1] == "KEY",
      let secret = Data(base64Encoded: String(parts[4])), secret.count == 33, secret.first == 0x01,
      let key = try? AuditKey(seed: Array(secret.dropFirst())), key.verifier.name == parts[2]
    else { return nil }
    self = key
  }

  /// Ed25519 over `text`. About 40 µs.
  func sign(_ text: [UInt8]) -> [UInt8] {
    guard let signature = try? key.signature(for: text) else {
      preconditionFailure("Ed25519 signs any bytes")
    }
    return Array(signature)
  }
}

/// What verifying a checkpoint needs: a name and an Ed25519 public key, as C2SP signed-note writes them.
package struct AuditVerifierKey: Sendable, Equatable {
  package let name: String
  package let publicKey: [UInt8]
  /// The first four bytes of SHA-256(name ‖ 0x0a ‖ 0x01 ‖ public key).
  package let id: [UInt8]

  /// The log's name is made of its key, so that two logs never share one.
  package init(publicKey: [UInt8]) {
    self.init(name: "breakwater-audit/" + DocumentDigest.of(publicKey).prefix(16), publicKey: publicKey)
  }

  private init(name: String, publicKey: [UInt8]) {
    self.name = name
    self.publicKey = publicKey
    id = Array(SHA256.hash(data: Array(name.utf8) + [0x0a, 0x01] + publicKey).prefix(4))
  }

  /// `<name>+<key id>+<base64 of 0x01 and the key>`; nil for anything else.
  package init?(text: String) {
    let parts = text.split(separator: "+", maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3, !parts[0].isEmpty, let bytes = Data(base64Encoded: String(parts[2])), bytes.count == 33,
      bytes.first == 0x01
    else { return nil }
    self.init(name: String(parts[0]), publicKey: Array(bytes.dropFirst()))
    guard idText == parts[1] else { return nil }
  }

  package var text: String { "\(name)+\(idText)+\(Data([0x01] + publicKey).base64EncodedString())" }
  var idText: String { id.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() }

  func isValid(_ signature: [UInt8], over text: [UInt8]) -> Bool {
    guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: publicKey) else { return false }
    return key.isValidSignature(signature, for: text)
  }

  /// The keys in the `audit.pub` of a folder, or in one file; lines that are none are passed over.
  package static func read(_ path: String) -> [AuditVerifierKey] {
    let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    return text.split(separator: "\n").compactMap { AuditVerifierKey(text: String($0)) }
  }
}
