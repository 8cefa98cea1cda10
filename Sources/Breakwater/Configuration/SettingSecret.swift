import Store

/// What is shown of a setting that may hold a secret: at start, in problems, and by `GET /admin/config`.
enum SettingSecret {
  /// The text, without a webhook (its path is its password) and without the user part of a URL. A few hex digits of its
  /// hash stand for a webhook, so that a change of it is still a change.
  static func shown(_ text: String, _ key: String) -> String {
    if key.hasSuffix(".webhook") { return "(secret \(DocumentDigest.of(Array(text.utf8)).prefix(8)))" }
    guard let scheme = text.firstRange(of: "://"),
      let at = text[scheme.upperBound...].prefix(while: { $0 != "/" }).lastIndex(of: "@")
    else { return text }
    return text[..<scheme.upperBound] + "(secret)" + text[at...]
  }
}
