import ControlModel
import Foundation

/// Times for people: the clock in UTC and how long ago.
enum Ages {
  static func ago(_ text: String?) -> String {
    guard let text, let time = WallTime(rfc3339: text) else { return "never" }
    return "\(span(milliseconds: Int64(Date().timeIntervalSince1970 * 1000) - time.unixMilliseconds)) ago"
  }

  static func span(milliseconds: Int64) -> String {
    milliseconds < 1000 ? "\(max(0, milliseconds)) ms" : DurationSetting.text(milliseconds: milliseconds)
  }

  /// `14:02:31.412`
  static func clock(_ text: String?) -> String {
    guard let text, text.utf8.count == 24 else { return "-" }
    return String(text.dropFirst(11).dropLast())
  }
}
