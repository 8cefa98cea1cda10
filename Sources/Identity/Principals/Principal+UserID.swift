import ControlModel
import Crypto
import FoundationEssentials

extension Principal {
  /// Marks ids that stand for a subject outside the id alphabet. A subject that itself begins so is digested too,
  /// which keeps the mapping one to one.
  private static let digestPrefix = "sub-sha256."

  static func userID(for subject: String) -> UserID {
    if !subject.hasPrefix(digestPrefix), let id = UserID(subject) { return id }
    let digest = SHA256.hash(data: Array(subject.utf8))
    guard let id = UserID(digestPrefix + Base64URL.encode(Array(digest))) else {
      preconditionFailure("11 bytes and 43 of base64url always form an id")
    }
    return id
  }
}
