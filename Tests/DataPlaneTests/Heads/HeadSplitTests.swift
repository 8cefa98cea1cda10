import BreakwaterTesting
import Foundation
import Testing

@testable import DataPlane

/// Bytes arrive in pieces of any size; what is made of them must not depend on where they were cut.
@Suite struct `A head in pieces` {
  /// Feeds prefixes of growing length, as a connection does, until there is a verdict.
  private func verdict(_ bytes: [UInt8], cuts: some Sequence<Int>) -> ParsedHead {
    for cut in cuts {
      let parsed = ParsedHead(Array(bytes[..<cut]))
      if parsed != .incomplete { return parsed }
    }
    return ParsedHead(bytes)
  }

  @Test func `gets the same verdict cut at every byte`() throws {
    let good = [
      "GET /a/b?c HTTP/1.1\r\nHost: a.test\r\nAuthorization: Bearer x.y.z\r\nCookie: a=b\r\n\r\nNEXT",
      "POST http://a/ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: x-a, close\r\nX-A: 1\r\n\r\n5\r\n",
      "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\nExpect: 100-continue\r\nX_T: 1\r\nX-Tenant-Id: 2\r\n\r\n",
    ]
    let bad = `A request head`.refused.map(\.0)
    for text in good + bad {
      let bytes = Array(text.utf8)
      let whole = ParsedHead(bytes)
      for cut in 0..<bytes.count {
        let pieces = verdict(bytes, cuts: [cut])
        #expect(pieces == whole, "\(text.debugDescription) cut at \(cut)")
      }
      #expect(verdict(bytes, cuts: 0..<bytes.count) == whole, "\(text.debugDescription) byte by byte")
    }
  }

  @Test func `gets the same verdict however a mutated one is cut`() throws {
    let seed: UInt64 = 0x6272_6561_6b77_6174
    var random = SeededRandom(seed)
    let corpus = try HTTPCorpus.load().map(\.raw).filter { $0.count < 4096 }
    var verdicts: [String: Int] = [:]
    for round in 0..<20_000 {
      var bytes = corpus[Int.random(in: 0..<corpus.count, using: &random)]
      HeadMutator.mutate(&bytes, corpus, using: &random)
      let whole = ParsedHead(bytes)
      var cuts: [Int] = []
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        cuts.append(Int.random(in: 0...bytes.count, using: &random))
      }
      let pieces = verdict(bytes, cuts: cuts.sorted())
      if pieces != whole {
        Issue.record("seed \(seed) round \(round): \(whole) whole, \(pieces) cut at \(cuts.sorted())\n\(bytes)")
        return
      }
      if let head = whole.summary { expectClean(head, "seed \(seed) round \(round)") }
      verdicts[whole.problem?.rawValue ?? (whole == .incomplete ? "incomplete" : "accepted"), default: 0] += 1
    }
    // The mutations reach both sides.
    #expect(verdicts["accepted", default: 0] > 100, "\(verdicts)")
    #expect(verdicts.count > 15, "\(verdicts)")
  }

  /// Whatever was accepted holds nothing an upstream could take for something else.
  private func expectClean(_ head: ParsedHead.Summary, _ context: String) {
    #expect(head.target.hasPrefix("/"), "\(context)")
    #expect(!head.target.utf8.contains { $0 <= 0x20 || $0 >= 0x7f }, "\(context)")
    #expect(!head.path.contains("//") && !head.path.contains("/../") && !head.path.hasSuffix("/.."), "\(context)")
    let framing = head.fields.filter { $0.kind == .contentLength || $0.kind == .transferEncoding }
    #expect(framing.count <= 1, "\(context)")
    #expect(head.fields.count { $0.kind == .host } <= 1, "\(context)")
    for field in head.fields {
      #expect(!field.value.unicodeScalars.contains { $0.value < 0x20 && $0 != "\t" || $0.value == 0x7f }, "\(context)")
      #expect(field.name.utf8.allSatisfy(ByteScan.isPlainName), "\(context)")
    }
  }
}
