/// One mail handed to a server: what to say after each of its replies (RFC 5321; STARTTLS RFC 3207; AUTH PLAIN RFC 4954).
/// A pure state machine: replies in, commands out. The caller does the reading, writing and TLS.
package struct SMTPDialogue: Sendable {
  package enum Step: Sendable, Equatable {
    case send([UInt8])
    /// Begin TLS, then call `secured()`.
    case startTLS
    /// The server has the mail: its last reply was positive.
    case done
  }

  /// Why the mail was not taken.
  package struct Failure: Error, Sendable, Equatable, CustomStringConvertible {
    package let description: String
  }

  /// Longest reply line and most lines of one reply: a server that talks more is not one.
  package static let lineBytesMax = 4096
  package static let linesMax = 100

  private enum State {
    case greeting, hello, tls, login, from, recipient(Int), data, content, done
  }

  private let message: EmailMessage
  private let mailbox: Receiver.Mailbox
  private let host: String
  private var state = State.greeting
  private var isSecure = false
  private var extensions: Set<String> = []
  /// Lines of the reply that is not complete yet.
  private var lines: [String] = []

  /// - Parameter host: how we name ourselves in EHLO.
  package init(_ message: EmailMessage, _ mailbox: Receiver.Mailbox, host: String) {
    self.message = message
    self.mailbox = mailbox
    self.host = host
  }

  /// Takes one line of the server without its end. Nil when the reply goes on.
  package mutating func take(_ line: String) throws(Failure) -> Step? {
    lines.append(line)
    guard line.utf8.count <= Self.lineBytesMax, lines.count <= Self.linesMax else {
      throw Failure(description: "the server's reply is too long")
    }
    let bytes = Array(line.utf8)
    guard bytes.count >= 3, let code = Int(line.prefix(3)) else {
      throw Failure(description: "\"\(line.prefix(80))\" is not a reply of a mail server")
    }
    if bytes.count > 3, bytes[3] == UInt8(ascii: "-") { return nil }
    let reply = lines
    lines = []
    return try answer(code, reply)
  }

  /// TLS is in place: what the server said before does not count any more (RFC 3207 §4.2).
  package mutating func secured() -> Step {
    isSecure = true
    extensions = []
    state = .hello
    return command("EHLO \(host)")
  }

  private mutating func answer(_ code: Int, _ reply: [String]) throws(Failure) -> Step {
    switch (state, code) {
    case (.greeting, 220):
      state = .hello
      return command("EHLO \(host)")
    case (.hello, 250):
      extensions = Set(reply.dropFirst().map { String($0.dropFirst(4)).uppercased() })
      return try afterHello()
    case (.tls, 220): return .startTLS
    case (.login, 235): return begin()
    case (.from, 250): return recipient(0)
    case (.recipient(let index), 250), (.recipient(let index), 251):
      guard index + 1 < message.to.count else {
        state = .data
        return command("DATA")
      }
      return recipient(index + 1)
    case (.data, 354):
      state = .content
      return .send(Self.stuffed(message.content))
    case (.content, 250):
      state = .done
      return .done
    default:
      throw Failure(description: "the mail server answered \(reply.last.map { String($0.prefix(200)) } ?? "")")
    }
  }

  private mutating func afterHello() throws(Failure) -> Step {
    if !isSecure, mailbox.security != .off {
      if extensions.contains("STARTTLS") {
        state = .tls
        return command("STARTTLS")
      }
      guard mailbox.security == .offered else { throw Failure(description: "the mail server offers no STARTTLS") }
    }
    guard let username = mailbox.username, let password = mailbox.password else { return begin() }
    guard isSecure || mailbox.security == .off else {
      throw Failure(description: "the password is not sent without TLS; the mail server offers no STARTTLS")
    }
    guard extensions.contains(where: { $0.hasPrefix("AUTH") && $0.contains("PLAIN") }) else {
      throw Failure(description: "the mail server does not take AUTH PLAIN")
    }
    state = .login
    return command("AUTH PLAIN \(EmailMessage.base64(Array("\0\(username)\0\(password)".utf8)))")
  }

  private mutating func begin() -> Step {
    state = .from
    return command("MAIL FROM:<\(message.from)>\(extensions.contains("8BITMIME") ? " BODY=8BITMIME" : "")")
  }

  private mutating func recipient(_ index: Int) -> Step {
    state = .recipient(index)
    return command("RCPT TO:<\(message.to[index])>")
  }

  private func command(_ text: String) -> Step { .send(Array("\(text)\r\n".utf8)) }

  /// A line that begins with a dot gets another, and a lone dot ends the mail (RFC 5321 §4.5.2).
  static func stuffed(_ content: [UInt8]) -> [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(content.count + 16)
    var isLineStart = true
    for byte in content {
      if isLineStart, byte == UInt8(ascii: ".") { out.append(byte) }
      out.append(byte)
      isLineStart = byte == UInt8(ascii: "\n")
    }
    return out + Array(".\r\n".utf8)
  }
}
