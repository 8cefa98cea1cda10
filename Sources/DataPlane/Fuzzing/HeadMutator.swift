/// Small damage to requests, of the kinds that have fooled parsers.
package enum HeadMutator {
  private static let morsels: [[UInt8]] = [
    "\r\n", "\n", "\r", "\0", " ", "\t", ":", ",", ";", "%2f", "%00", "//", "/../", "_", "\u{7f}", "\r\n ", "\r\n\r\n",
    "Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n", "Host: b\r\n", "Connection: close\r\n", " HTTP/1.1",
    "HTTP/1.0",
    "chunked", "X-Tenant-Id: evil\r\n", "\u{b}", "\u{c}",
  ].map { Array($0.utf8) }

  /// Up to three edits: something put in, replaced, removed, repeated, in another case, or the end of another request.
  package static func mutate(
    _ bytes: inout [UInt8], _ corpus: [[UInt8]], using random: inout some RandomNumberGenerator
  ) {
    for _ in 0..<Int.random(in: 0...3, using: &random) {
      let position = Int.random(in: 0...bytes.count, using: &random)
      switch Int.random(in: 0..<6, using: &random) {
      case 0: bytes.insert(contentsOf: morsels[Int.random(in: 0..<morsels.count, using: &random)], at: position)
      case 1: if position < bytes.count { bytes[position] = UInt8.random(in: 0...255, using: &random) }
      case 2: if position < bytes.count { bytes.remove(at: position) }
      case 3:
        let end = min(bytes.count, position + Int.random(in: 1...16, using: &random))
        bytes.insert(contentsOf: bytes[position..<end], at: position)
      case 4: if position < bytes.count { bytes[position] ^= 0x20 }
      default:
        let other = corpus[Int.random(in: 0..<corpus.count, using: &random)]
        let from = Int.random(in: 0...other.count, using: &random)
        bytes = Array(bytes[..<position]) + other[from...]
      }
    }
  }
}
