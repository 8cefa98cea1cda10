import Telemetry
import Testing

@Suite struct `Trace context` {
  private func parse(_ text: String) -> TraceContext? {
    Array(text.utf8).withUnsafeBytes { TraceContext(traceparent: $0) }
  }

  @Test func `continues a valid traceparent`() throws {
    let context = try #require(parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"))
    #expect(context.traceIDText == "4bf92f3577b34da6a3ce929d0e0e4736")
    #expect(context.flags == 1)
  }

  @Test(arguments: [
    "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
    "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
    "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
    "",
  ])
  func `starts a new trace for anything else`(text: String) {
    #expect(parse(text) == nil)
  }

  @Test func `accepts a later version with more fields`() {
    #expect(parse("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-else") != nil)
  }

  @Test func `keeps the trace and changes the span for the upstream`() throws {
    var random = FastRandom(seed: 7)
    let context = TraceContext.start(at: 1_795_348_800_000, random: &random)
    let child = context.child(random: &random)
    #expect(child.traceIDText == context.traceIDText)
    #expect(child.spanID != context.spanID)
    var bytes: [UInt8] = []
    child.append(to: &bytes)
    #expect(bytes.count == TraceContext.textBytes)
    #expect(parse(String(decoding: bytes, as: UTF8.self)) == child)
  }
}
