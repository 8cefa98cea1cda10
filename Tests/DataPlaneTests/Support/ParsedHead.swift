@testable import DataPlane

/// What the parser made of some bytes, as values that can be compared.
enum ParsedHead: Equatable {
  case refused(HeadProblem)
  case incomplete
  case head(Summary)

  struct Summary: Equatable {
    var method = Method.get
    var target = ""
    var path = ""
    var query = ""
    var host: String?
    var framing = BodyFraming.none
    var isHTTP10 = false
    var isKeptAlive = true
    var expectsContinue = false
    var length = 0
    var ambiguousFields = 0
    var identityFields = 0
    /// Names as sent, and what they are taken to be.
    var fields: [Line] = []
  }

  struct Line: Equatable {
    let name: String
    let value: String
    let kind: FieldName
  }

  init(_ text: String, limits: HeadLimits = HeadLimits()) { self.init(Array(text.utf8), limits: limits) }

  init(_ bytes: [UInt8], limits: HeadLimits = HeadLimits()) {
    var parser = RequestHeadParser(limits: limits)
    do throws(HeadProblem) {
      guard let head = try parser.parse(bytes.span) else {
        self = .incomplete
        return
      }
      self = .head(Self.summary(head, parser.fields, bytes))
    } catch {
      self = .refused(error)
    }
  }

  private static func summary(_ head: RequestHead, _ fields: [Field], _ bytes: [UInt8]) -> Summary {
    func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }
    return Summary(
      method: head.method, target: text(head.target), path: text(head.path), query: text(head.query),
      host: head.host.map(text), framing: head.framing, isHTTP10: head.isHTTP10, isKeptAlive: head.isKeptAlive,
      expectsContinue: head.expectsContinue, length: head.length, ambiguousFields: head.ambiguousFields,
      identityFields: head.identityFields,
      fields: fields.map { Line(name: text($0.name), value: text($0.value), kind: $0.kind) })
  }

  var problem: HeadProblem? { if case .refused(let problem) = self { problem } else { nil } }
  var summary: Summary? { if case .head(let summary) = self { summary } else { nil } }

  /// A GET with these field lines after `Host`.
  static func get(_ lines: String...) -> ParsedHead {
    ParsedHead((["GET / HTTP/1.1", "Host: a"] + lines).joined(separator: "\r\n") + "\r\n\r\n")
  }
}
