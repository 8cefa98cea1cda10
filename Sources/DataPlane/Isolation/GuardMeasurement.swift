import NIOCore

/// How fast answers are looked at, for `make measure-guard`.
package enum GuardMeasurement {
  /// Megabytes a second for each kind of body, best of five.
  ///
  /// - Parameter monotonic: nanoseconds.
  package static func megabytesPerSecond(_ monotonic: () -> Int64) -> [(name: String, bytes: Int, rate: Double)] {
    bodies.map { name, text in
      let bytes = ByteBuffer(string: text)
      var reader = AnswerReader(TenantKeys(known: TenantKeys.answerDefaults))
      let rounds = bytesPerRun / bytes.readableBytes
      var best = Int64.max
      for _ in 0..<5 {
        let start = monotonic()
        for _ in 0..<rounds {
          reader.begin(.json, own: Array("orchid".utf8))
          reader.read(bytes)
          reader.end()
          precondition(reader.finding == nil, "the measured bodies are clean")
        }
        best = min(best, monotonic() - start)
      }
      return (name, bytes.readableBytes, Double(rounds * bytes.readableBytes) * 1000 / Double(max(1, best)))
    }
  }

  private static let bytesPerRun = 100_000_000

  /// From a typical page of orders to the worst that is still sensible.
  private static var bodies: [(name: String, text: String)] {
    func list(_ count: Int, _ item: (Int) -> String) -> String { (0..<count).map(item).joined(separator: ",") }
    return [
      (
        "orders, 1 kB",
        #"{"orders":["#
          + list(12) {
            #"{"id":"0000000000000000000000000000\#(1000 + $0)","symbol":"IBM","side":"buy","qty":"10","price":"187.25"}"#
          } + "]}"
      ),
      (
        "members of a tenant, 8 kB",
        #"{"items":["#
          + list(110) {
            #"{"id":\#($0),"tenantId":"orchid","ok":true,"q":[1,2,3.5],"n":"a b","x":null}"#
          } + "]}"
      ),
      (
        "bars, 8 kB",
        #"{"symbol":"IBM","bars":["#
          + list(90) {
            #"{"t":"2024-01-\#(10 + $0 % 20)T00:00:00.000Z","o":187.2\#($0),"h":188.1\#($0),"c":187.9\#($0),"v":123456\#($0)}"#
          } + "]}"
      ),
      (
        "members of a tenant, the last in a list, 8 kB",
        #"{"items":["#
          + list(110) {
            #"{"id":\#($0),"tenantId":"orchid","ok":true,"q":[1,2,3.5],"n":"a b","x":null}"#
          } + #"],"tenantId":["orchid"]}"#
      ),
      ("long text, 11 kB", "[\"" + String(repeating: "lorem ipsum dolor sit amet ", count: 400) + "\"]"),
      (
        "an escape every dozen bytes, 9 kB",
        "[" + list(200) { #""line \#($0)\nmore \u00e9 text with \"quotes\"""# } + "]"
      ),
      (
        "the same with letters spelled as escapes, 10 kB",
        "[" + list(200) { #""line \#($0)\nmore \u00e9 t\u0065xt with \"quotes\"""# } + "]"
      ),
    ]
  }
}
