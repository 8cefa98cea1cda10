import Store

/// What is shown of a setting that may hold a secret: at start, in problems, and by `GET /admin/config`.
enum SettingSecret {
  private static let secret = [".webhook", ".slack", ".routingKey", ".password"]

  /// The text, without a webhook (its path is its password), a key or a password, and without the user part of a URL. A
  /// few hex digits of its hash stand for a secret, so that a change of it is still a change.
  static func shown(_ text: String, _ key: String) -> String {
    if secret.contains(where: key.hasSuffix) { return "(secret \(DocumentDigest.of(Array(text.utf8)).prefix(8)))" }
    guard let scheme = text.firstRange(of: "://"),
      let at = text[scheme.upperBound...].prefix(while: { $0 != "/" }).lastIndex(of: "@")
    else { return text }
    return text[..<scheme.upperBound] + "(secret)" + text[at...]
  }
}
