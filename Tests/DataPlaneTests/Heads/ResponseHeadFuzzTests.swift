import BreakwaterTesting
import Testing

@testable import DataPlane

/// Ten thousand answer heads nobody meant to send.
@Suite struct `A mutated answer head` {
  private enum Verdict: Equatable {
    case refused, incomplete
    case head(status: Int, BodyFraming, isKept: Bool, length: Int, fields: [String])
  }

  private static let good = [
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: x-a\r\nX-A: b\r\n\r\nhello",
    "HTTP/1.1 206 Partial Content\r\nTransfer-Encoding: chunked\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\n\r\n0\r\n\r\n",
    "HTTP/1.0 301 Moved\r\nLocation: /\r\n\r\n",
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\nDate: x\r\n\r\n",
  ].map { Array($0.utf8) }

  private func verdict(_ bytes: [UInt8]) -> Verdict {
    var parser = ResponseHeadParser()
    let head: ResponseHead
    do throws(ResponseProblem) {
      guard let parsed = try parser.parse(bytes.span, answering: .get) else { return .incomplete }
      head = parsed
    } catch {
      return .refused
    }
    let fields = parser.fields.map { String(decoding: bytes[$0.name.lowerBound..<$0.value.upperBound], as: UTF8.self) }
    return .head(
      status: head.status, head.framing, isKept: head.isKeptAlive, length: head.length, fields: fields)
  }

  @Test func `is refused, or clean, and the same however it arrives`() {
    let seed: UInt64 = 0x616e_7377_6572_2121
    var random = SeededRandom(seed)
    var accepted = 0
    for round in 0..<10_000 {
      var bytes = Self.good[round % Self.good.count]
      HeadMutator.mutate(&bytes, Self.good, using: &random)
      let whole = verdict(bytes)
      let cut = Int.random(in: 0...bytes.count, using: &random)
      let part = verdict(Array(bytes[..<cut]))
      guard part == .incomplete || part == whole else {
        Issue.record("seed \(seed) round \(round): \(whole) whole, \(part) cut at \(cut)\n\(bytes)")
        return
      }
      guard case .head(let status, let framing, _, let length, let fields) = whole else { continue }
      accepted += 1
      #expect((100...999).contains(status) && length <= bytes.count, "seed \(seed) round \(round)")
      let isClean = fields.allSatisfy { field in
        field.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7f || $0 == "\t" }
      }
      #expect(isClean, "seed \(seed) round \(round): \(fields)")
      let framings = fields.count { field in
        let name = field.prefix { $0 != ":" }.lowercased()
        return name == "content-length" || name == "transfer-encoding"
      }
      #expect(framings <= 1, "seed \(seed) round \(round): \(fields)")
      if framing == .chunked { #expect(bytes[7] == UInt8(ascii: "1"), "seed \(seed) round \(round)") }
    }
    #expect(accepted > 1000, "\(accepted)")
  }
}
