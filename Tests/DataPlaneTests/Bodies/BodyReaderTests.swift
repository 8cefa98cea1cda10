import BreakwaterTesting
import NIOCore
import Testing

@testable import DataPlane

@Suite struct `A request body` {
  /// Content and whether the end was found, with the bytes arriving in these pieces.
  private func read(
    _ framing: BodyFraming, _ pieces: [[UInt8]]
  ) throws(HeadProblem) -> (content: [UInt8], isComplete: Bool, rest: [UInt8]) {
    var reader = BodyReader(framing)
    var buffer = ByteBuffer()
    var content: [UInt8] = []
    for piece in pieces {
      buffer.append(ByteBuffer(bytes: piece))
      reading: while true {
        switch try reader.next(&buffer) {
        case .needsMore: break reading
        case .end: return (content, true, Array(buffer.readableBytesView))
        case .content(let bytes): content += bytes.readableBytesView
        }
      }
    }
    return (content, reader.isAtEnd, Array(buffer.readableBytesView))
  }

  private func read(_ framing: BodyFraming, _ text: String) throws(HeadProblem) -> (String, Bool, String) {
    let result = try read(framing, [Array(text.utf8)])
    return (
      String(decoding: result.content, as: UTF8.self), result.isComplete, String(decoding: result.rest, as: UTF8.self)
    )
  }

  @Test func `of known length ends after it, and what follows is left alone`() throws {
    #expect(try read(.length(5), "helloGET /") == ("hello", true, "GET /"))
    #expect(try read(.length(5), "hel") == ("hel", false, ""))
    #expect(try read(.none, "GET /") == ("", true, "GET /"))
    #expect(try read(.length(0), "GET /") == ("", true, "GET /"))
  }

  @Test func `in chunks is joined; extensions and trailers are dropped`() throws {
    #expect(try read(.chunked, "5\r\nhello\r\n0\r\n\r\nGET /") == ("hello", true, "GET /"))
    #expect(
      try read(.chunked, "3;a=b\r\nfoo\r\n00000A\r\n0123456789\r\n0;x\r\nX-Tenant-Id: evil\r\n\r\n") == (
        "foo0123456789", true, ""
      ))
    #expect(try read(.chunked, "0\r\n\r\n") == ("", true, ""))
  }

  @Test(arguments: [
    ("5 \r\nhello\r\n0\r\n\r\n", HeadProblem.chunk), (" 5\r\nhello\r\n", .chunk), ("0x5\r\nhello\r\n", .chunk),
    ("\r\n", .chunk),
    ("g\r\n", .chunk), ("-1\r\n", .chunk), ("+5\r\n", .chunk), (";a\r\n", .chunk), ("5\nhello\n0\n\n", .chunk),
    ("5\rhello", .chunk),
    ("5\r\nhelloX\r\n", .chunk), ("5\r\nhello\n0\r\n\r\n", .chunk), ("1234567890123456\r\n", .chunk),
    ("5;\0\r\n", .chunk),
    ("0\r\nX Y: a\r\n\r\n", .trailer), ("0\r\nno colon\r\n\r\n", .trailer), ("0\r\n: a\r\n\r\n", .trailer),
    ("0\r\n folded\r\n\r\n", .trailer), ("0\r\nX: a\n\r\n", .trailer), ("0\r\nX: a\rb\r\n\r\n", .trailer),
  ])
  func `with doubtful chunks is refused`(text: String, problem: HeadProblem) {
    #expect(throws: problem) { _ = try read(.chunked, text) }
  }

  @Test func `has bounds on extensions and trailers, also while they are still coming`() throws {
    let long = String(repeating: "a", count: 300)
    #expect(throws: HeadProblem.chunkExtension) { _ = try read(.chunked, "5;" + long) }
    #expect(throws: HeadProblem.chunkExtension) { _ = try read(.chunked, "5;\(long)\r\nhello\r\n0\r\n\r\n") }
    let trailers = (0..<600).map { "X-\($0): v\r\n" }.joined()
    #expect(throws: HeadProblem.trailer) { _ = try read(.chunked, "0\r\n\(trailers)\r\n") }
    #expect(throws: HeadProblem.trailer) { _ = try read(.chunked, "0\r\nX: " + String(repeating: "a", count: 5000)) }
  }

  @Test func `is the same cut at every two bytes`() throws {
    let bytes = Array("5;a=b\r\nhello\r\nc\r\n world, all!\r\n0\r\nX-A: 1\r\n\r\nNEXT".utf8)
    for first in 0..<bytes.count {
      for second in first..<bytes.count {
        let pieces = [Array(bytes[..<first]), Array(bytes[first..<second]), Array(bytes[second...])]
        let (content, isComplete, _) = try read(.chunked, pieces)
        #expect(content == Array("hello world, all!".utf8) && isComplete, "cut at \(first) and \(second)")
      }
    }
  }

  @Test func `is refused or complete the same way however a mutated one is cut`() {
    let seed: UInt64 = 20_261_122
    var random = SeededRandom(seed)
    let good = Array("5\r\nhello\r\na;x=y\r\n0123456789\r\n0\r\nT: v\r\n\r\n".utf8)
    for round in 0..<20_000 {
      var bytes = good
      HeadMutator.mutate(&bytes, [good], using: &random)
      let cut = Int.random(in: 0...bytes.count, using: &random)
      let whole = outcome([bytes])
      let pieces = outcome([Array(bytes[..<cut]), Array(bytes[cut...])])
      if whole != pieces {
        Issue.record("seed \(seed) round \(round): \(whole) whole, \(pieces) cut at \(cut)\n\(bytes)")
      }
    }
  }

  private func outcome(_ pieces: [[UInt8]]) -> String {
    do throws(HeadProblem) {
      let (content, isComplete, _) = try read(.chunked, pieces)
      return "\(content) \(isComplete)"
    } catch {
      return "refused"
    }
  }

  /// A stream that never quite empties the buffer once made it grow by all that passed through.
  @Test func `passes through a buffer that does not grow with it`() throws {
    var buffer = ByteBuffer()
    var reader = BodyReader(.chunked)
    let chunk = Array("400\r\n".utf8) + Array(repeating: UInt8(ascii: "x"), count: 1024) + Array("\r\n4".utf8)
    let next = Array(chunk[1...])
    buffer.append(ByteBuffer(bytes: chunk))
    for _ in 0..<10_000 {
      while case .content = try reader.next(&buffer) {}
      #expect(buffer.readableBytes == 1)
      buffer.append(ByteBuffer(bytes: next))
    }
    #expect(buffer.capacity < 64 * 1024)
  }
}
