import ControlModel
import Testing

/// Names travel unescaped into headers, logs, labels and file names.
@Suite struct `Identifiers` {
  @Test(arguments: ["a", "A-z_0.9", String(repeating: "x", count: 64)])
  func `of the alphabet are kept as they are`(text: String) {
    #expect(TenantID(text)?.text == text)
  }

  @Test(arguments: ["", " ", "a b", "a/b", "a\n", "é", "a\u{0}", "😀", String(repeating: "x", count: 65), "a,b", "a:b"])
  func `outside it do not exist`(text: String) {
    #expect(TenantID(text) == nil)
  }

  @Test func `of requests are 8 to 128 bytes`() {
    #expect(RequestID("1234567") == nil)
    #expect(RequestID("12345678") != nil)
    #expect(RequestID(String(repeating: "x", count: 128)) != nil)
    #expect(RequestID(String(repeating: "x", count: 129)) == nil)
  }

  @Test(arguments: [
    ("AAPL", true), ("BRK.B", true), ("BTC/USD", true), ("", false), ("aapl", false), ("A B", false), ("A,B", false),
    (String(repeating: "A", count: 20), true), (String(repeating: "A", count: 21), false),
  ])
  func `of instruments are tickers`(text: String, isTicker: Bool) {
    #expect((Symbol(text) != nil) == isTicker)
  }

  @Test func `of epochs only grow`() {
    #expect(Epoch.zero < Epoch.zero.next)
    #expect(Epoch(41).next == Epoch(42))
    #expect(Epoch(41).description == "41")
  }

  @Test func `of refusals are unique, each with a status, a title and someone to blame`() {
    #expect(Set(RefusalCode.allCases.map(\.rawValue)).count == RefusalCode.allCases.count)
    for code in RefusalCode.allCases {
      #expect((400..<600).contains(code.status), "\(code)")
      #expect(!code.title.isEmpty)
      #expect((code.status == 401) == (code.bearerError != nil && code != .accessDenied), "\(code)")
      if code.status < 500 { #expect(code.source == .caller, "\(code)") }
    }
  }
}
