import BreakwaterTesting
import ControlModel
import Foundation
import Testing

@testable import DataPlane

@Suite struct `Time as text` {
  @Test func `is what formatting each moment anew would give`() {
    let seed: UInt64 = 9
    var random = SeededRandom(seed)
    var stamps = TimeStamps()
    var moment: Int64 = -5_000
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.timeZone = TimeZone(secondsFromGMT: 0)
    formatter.dateFormat = "'Date: 'EEE, dd MMM yyyy HH:mm:ss 'GMT\r\n'"
    for round in 0..<2000 {
      moment += round % 3 == 0 ? Int64.random(in: 0...90_000_000_000, using: &random) % 4_000_000_000 : 137
      let time = WallTime(unixMilliseconds: moment)
      #expect(String(decoding: stamps.timestamp(moment), as: UTF8.self) == time.description, "round \(round)")
      let date = Date(timeIntervalSince1970: Double(time.unixSeconds))
      #expect(
        String(decoding: stamps.dateLine(moment), as: UTF8.self) == formatter.string(from: date), "round \(round)")
    }
  }
}
