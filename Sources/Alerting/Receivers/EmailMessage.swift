import ControlModel

/// A notification as a plain-text mail (RFC 5322), every line within RFC 5321's bounds.
package struct EmailMessage: Sendable {
  package let from: String
  package let to: [String]
  /// Header and body, lines ended by CRLF, not yet dot-stuffed.
  package let content: [UInt8]

  /// Alerts written out; the rest are counted.
  static let alertsMax = 50
  /// Longest line sent, well below RFC 5321 §4.5.3.1.6's thousand.
  static let lineBytesMax = 900

  package init(_ notification: Notification, from: String, to: [String], externalURL: String) {
    self.from = from
    self.to = to
    let domain = from.split(separator: "@").last.map(String.init) ?? "breakwater"
    let time = WallTime(unixMilliseconds: notification.decidedAt)
    var lines = [
      "From: Breakwater <\(from)>", "To: \(to.joined(separator: ", "))",
      "Subject: \(Self.encodedWord(MessageText.title(notification)))", "Date: \(Self.date(time))",
      // The same for every attempt: a mailbox that gets it twice shows it once.
      "Message-ID: <\(notification.key)@\(domain)>", "X-Breakwater-Group: \(Self.encodedWord(notification.groupKey))",
      "Auto-Submitted: auto-generated", "MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8",
      "Content-Transfer-Encoding: 8bit", "",
    ]
    for alert in notification.alerts.prefix(Self.alertsMax) {
      lines.append(MessageText.line(alert))
      if let description = alert.annotations["description"] { lines.append("  \(description)") }
      for fact in MessageText.facts(alert) { lines.append("  \(fact.name): \(fact.value)") }
      lines.append("  since \(WallTime(unixMilliseconds: alert.startsAt).description)")
      lines.append("  \(externalURL)/#alert/\(alert.fingerprint)")
      lines.append("")
    }
    let hidden = notification.alerts.count - min(notification.alerts.count, Self.alertsMax) + notification.truncated
    if hidden > 0 { lines.append("\(hidden) more: \(externalURL)/#alerts") }
    var content: [UInt8] = []
    for line in lines {
      for piece in Self.pieces(line) {
        content += piece
        content += "\r\n".utf8
      }
    }
    self.content = content
  }

  /// A line in pieces that are short enough, without line ends of its own: a label's value cannot add a header.
  private static func pieces(_ line: String) -> [[UInt8]] {
    var pieces: [[UInt8]] = [[]]
    for character in line {
      let bytes = character.isNewline || character == "\0" ? Array(" ".utf8) : Array(String(character).utf8)
      if pieces[pieces.count - 1].count + bytes.count > lineBytesMax { pieces.append(Array("  ".utf8)) }
      pieces[pieces.count - 1] += bytes
    }
    return pieces
  }

  /// RFC 2047 where the text is not plain: words of at most 75 characters.
  static func encodedWord(_ text: String) -> String {
    let isPlain = text.utf8.allSatisfy { (0x20..<0x7f).contains($0) }
    if isPlain, text.utf8.count <= 200, !text.contains("=?") { return text }
    var words: [String] = []
    var chunk: [UInt8] = []
    for character in text {
      let bytes = Array(String(character).utf8)
      if chunk.count + bytes.count > 42 {
        words.append(base64(chunk))
        chunk = []
      }
      chunk += bytes.prefix(42)
    }
    words.append(base64(chunk))
    return words.prefix(20).map { "=?utf-8?B?\($0)?=" }.joined(separator: " ")
  }

  static func base64(_ bytes: [UInt8]) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var out: [UInt8] = []
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let count = min(3, bytes.count - start)
      let word = (0..<3).reduce(0) { $0 << 8 | ($1 < count ? Int(bytes[start + $1]) : 0) }
      for position in 0..<4 {
        out.append(position <= count ? alphabet[word >> (18 - 6 * position) & 63] : UInt8(ascii: "="))
      }
    }
    return String(decoding: out, as: UTF8.self)
  }

  /// RFC 5322 §3.3, e.g. `Fri, 27 Nov 2026 20:00:00 +0000`.
  private static func date(_ time: WallTime) -> String {
    let text = time.description
    let day = Int(time.unixMilliseconds / 86_400_000)
    let date = CivilDate.from(daysSince1970: day)
    let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    return
      "\(weekdays[day % 7]), \(date.day) \(months[date.month - 1]) \(date.year) \(text.dropFirst(11).prefix(8)) +0000"
  }
}
