import NIOCore
import NIOHPACK

/// Throws any bytes at the readers of HTTP/1.1 and reads what they accepted a second time, line by line, in the plainest
/// way there is. Where the two disagree, or a verdict depends on where the bytes were cut, the process ends: that is the
/// finding.
package struct HTTPFuzzer: Sendable {
  package init() {}

  private enum Verdict<Problem: Equatable>: Equatable {
    case refused(Problem)
    case incomplete
    case accepted(bytes: Int)
  }

  /// Whether `input` begins with a request head that is accepted. A body behind it is read too.
  @discardableResult
  package func tryRequest(_ input: [UInt8]) -> Bool {
    var parser = RequestHeadParser(limits: HeadLimits())
    var head: RequestHead?
    func verdict(_ bytes: Span<UInt8>) -> Verdict<HeadProblem> {
      do throws(HeadProblem) {
        head = try parser.parse(bytes)
        return head.map { .accepted(bytes: $0.length) } ?? .incomplete
      } catch {
        return .refused(error)
      }
    }
    let part = verdict(input.span.extracting(first: Self.cut(input)))
    let whole = verdict(input.span)
    precondition(part == .incomplete || part == whole, "\(part) when cut, \(whole) as a whole")
    guard case .accepted(let length) = whole, let head else { return false }
    HeadReading(Array(input[..<length])).check(head, parser.fields, input)
    Self.tryBody(head.framing, input[length...])
    return true
  }

  /// Whether `input` begins with an answer head that is accepted.
  @discardableResult
  package func tryAnswer(_ input: [UInt8]) -> Bool {
    var parser = ResponseHeadParser()
    var framing = BodyFraming.none
    func verdict(_ bytes: Span<UInt8>) -> Verdict<ResponseProblem> {
      do throws(ResponseProblem) {
        guard let head = try parser.parse(bytes, answering: .get) else { return .incomplete }
        framing = head.framing
        return .accepted(bytes: head.length)
      } catch {
        return .refused(error)
      }
    }
    let part = verdict(input.span.extracting(first: Self.cut(input)))
    let whole = verdict(input.span)
    precondition(part == .incomplete || part == whole, "\(part) when cut, \(whole) as a whole")
    guard case .accepted(let length) = whole else { return false }
    let reading = HeadReading(Array(input[..<length]))
    precondition(reading.count("content-length") + reading.count("transfer-encoding") <= 1, "an answer framed twice")
    Self.tryBody(framing, input[length...])
    return true
  }

  /// What ends a name and what ends a field of a header list that is fuzzed: bytes no UTF-8 text has.
  package static let listSeparators: (name: UInt8, field: UInt8) = (0xff, 0xfe)

  /// Whether `input`, fields with separators, is accepted as the header list of an HTTP/2 request. What is written for it
  /// must then read as that one head, with nothing behind it and no field that was not there.
  @discardableResult
  package func tryHeaderList(_ input: [UInt8]) -> Bool {
    let fields = input.split(separator: Self.listSeparators.field).map { field in
      let end = field.firstIndex(of: Self.listSeparators.name) ?? field.endIndex
      return (
        String(decoding: field[..<end], as: UTF8.self), String(decoding: field[end...].dropFirst(), as: UTF8.self)
      )
    }
    var out = ByteBuffer()
    let hasBody = input.count & 1 == 1
    let body: HTTP2RequestHead.Body
    do throws(HeadProblem) {
      body = try HTTP2RequestHead.write(HPACKHeaders(fields), hasBody: hasBody, scheme: "https", to: &out)
    } catch {
      return false
    }
    let bytes = Array(out.readableBytesView)
    var parser = RequestHeadParser(limits: HeadLimits())
    let head: RequestHead?
    do throws(HeadProblem) { head = try parser.parse(bytes.span) } catch { return false }
    guard let head else { preconditionFailure("a header list became a head without an end") }
    precondition(head.length == bytes.count, "bytes behind the head of a header list")
    // Ours are Connection, Transfer-Encoding, and Host for :authority.
    let lines = bytes.count { $0 == 0x0a } - 2
    precondition(lines <= fields.count { !$0.0.hasPrefix(":") } + 3, "a field from nowhere")
    switch body {
    case .none, .length(0): precondition(head.framing == .none, "a body from nowhere")
    case .length(let length): precondition(head.framing == .length(length), "another length")
    case .chunked: precondition(head.framing == .chunked, "another framing")
    }
    HeadReading(bytes).check(head, parser.fields, bytes)
    return true
  }

  /// A body gives the same content whole and in two pieces.
  private static func tryBody(_ framing: BodyFraming, _ input: ArraySlice<UInt8>) {
    func read(_ pieces: [ArraySlice<UInt8>]) -> (content: [UInt8], end: Verdict<HeadProblem>) {
      var reader = BodyReader(framing)
      var buffer = ByteBuffer()
      var content: [UInt8] = []
      do throws(HeadProblem) {
        for piece in pieces {
          buffer.writeBytes(piece)
          reading: while true {
            switch try reader.next(&buffer) {
            case .content(let bytes): content.append(contentsOf: bytes.readableBytesView)
            case .needsMore: break reading
            case .end: return (content, .accepted(bytes: 0))
            }
          }
        }
        return (content, .incomplete)
      } catch {
        return (content, .refused(error))
      }
    }
    let cut = input.startIndex + Self.cut(Array(input))
    let whole = read([input])
    let pieces = read([input[..<cut], input[cut...]])
    precondition(whole == pieces, "a body of \(framing) depends on where it is cut")
  }

  /// A place to cut, the same for the same bytes.
  private static func cut(_ input: [UInt8]) -> Int {
    guard !input.isEmpty else { return 0 }
    var hash = input.count
    for byte in input.prefix(64) { hash = hash &* 31 &+ Int(byte) }
    return Int(UInt(bitPattern: hash) % UInt(input.count))
  }
}

/// A head taken apart without any of the parser's code.
private struct HeadReading {
  private let start: String
  private let fields: [(name: String, value: String)]

  init(_ head: [UInt8]) {
    precondition(head.suffix(4).elementsEqual("\r\n\r\n".utf8), "a head ends with an empty line")
    var lines: [[UInt8]] = [[]]
    var index = 0
    while index < head.count - 2 {
      if head[index] == 0x0d {
        precondition(head[index + 1] == 0x0a, "a bare CR was accepted")
        lines.append([])
        index += 2
        continue
      }
      precondition(head[index] >= 0x20 && head[index] != 0x7f || head[index] == 0x09, "a control byte was accepted")
      lines[lines.count - 1].append(head[index])
      index += 1
    }
    start = String(decoding: lines[0], as: UTF8.self)
    fields = lines.dropFirst().dropLast().map { line in
      guard let colon = line.firstIndex(of: 0x3a), colon > 0 else { preconditionFailure("a line without a name") }
      precondition(line[..<colon].allSatisfy { $0 > 0x20 && $0 < 0x7f }, "a name with a space or a foreign byte")
      let value = String(decoding: line[(colon + 1)...], as: UTF8.self)
      return (String(decoding: line[..<colon], as: UTF8.self).lowercased(), value.trimmed)
    }
  }

  func count(_ name: String) -> Int { fields.count { $0.name == name } }

  private func value(_ name: String) -> String? { fields.first { $0.name == name }?.value }

  /// What must hold of every request that goes on.
  func check(_ head: RequestHead, _ kept: [Field], _ input: [UInt8]) {
    precondition(start.utf8.count { $0 == 0x20 } == 2, "a request line is three words")
    precondition(kept.count + head.ambiguousFields == fields.count, "every line is a field, kept or dropped")
    let hosts = count("host")
    precondition(hosts == 1 || hosts == 0 && head.isHTTP10, "\(hosts) Host lines")
    precondition(count("authorization") <= 1, "two Authorization lines")
    switch (value("content-length"), value("transfer-encoding")) {
    case (nil, nil): precondition(head.framing == .none, "a body from nowhere")
    case (let length?, nil):
      precondition(count("content-length") == 1 && length.utf8.allSatisfy { $0 >= 48 && $0 <= 57 }, "a doubtful length")
      precondition(head.framing == (Int(length) == 0 ? .none : .length(Int(length) ?? -1)), "another length")
    case (nil, let coding?):
      precondition(count("transfer-encoding") == 1 && coding.lowercased() == "chunked", "a doubtful coding")
      precondition(head.framing == .chunked && !head.isHTTP10, "chunked in HTTP/1.0")
    case (_?, _?): preconditionFailure("both framings")
    }
    checkTarget(input[head.target], pathCount: head.path.count)
    for field in kept where field.kind == .other || field.kind == .host {
      let name = String(decoding: input[field.name], as: UTF8.self).lowercased()
      let isOurs = Self.identities.contains { name.hasPrefix($0) } || Self.hopByHop.contains(name)
      precondition(!isOurs, "\(name) would go upstream")
    }
  }

  /// Beginnings of names that no upstream may get from a client.
  private static let identities = [
    "x-tenant", "x-user", "x-role", "x-act-as", "x-forwarded-", "x-breakwater-", "x-real-ip", "x-original-", "remote-",
  ]
  private static let hopByHop: Set = [
    "content-length", "transfer-encoding", "connection", "proxy-connection", "keep-alive", "upgrade", "te", "trailer",
  ]

  private func checkTarget(_ target: ArraySlice<UInt8>, pathCount: Int) {
    precondition(target.first == 0x2f && target.allSatisfy { $0 > 0x20 && $0 < 0x7f }, "a target of other bytes")
    let path = String(decoding: target.prefix(pathCount), as: UTF8.self).lowercased()
    for part in ["//", "/./", "/../", "%2e", "%2f", "%5c", "%00", "%3b", ";", "\\", "#", "?"] {
      precondition(!path.contains(part), "a path with \(part)")
    }
    precondition(!path.hasSuffix("/.") && !path.hasSuffix("/.."), "a path that climbs")
  }
}

extension String {
  fileprivate var trimmed: String {
    var text = Substring(self)
    while let first = text.utf8.first, first == 0x20 || first == 0x09 { text.removeFirst() }
    while let last = text.utf8.last, last == 0x20 || last == 0x09 { text.removeLast() }
    return String(text)
  }
}
