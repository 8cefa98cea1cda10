import ControlModel
import Testing

@Suite struct `Wall time` {
  @Test func `is shown as RFC 3339 in UTC with milliseconds`() {
    #expect(WallTime(unixMilliseconds: 1_795_348_800_412).description == "2026-11-22T12:00:00.412Z")
    #expect(WallTime(unixMilliseconds: 0).description == "1970-01-01T00:00:00.000Z")
    #expect(WallTime(unixMilliseconds: -1).description == "1969-12-31T23:59:59.999Z")
    #expect(WallTime(unixMilliseconds: 951_782_400_000).description == "2000-02-29T00:00:00.000Z")
  }

  @Test func `reads back what it shows, for every day of four centuries`() {
    for day in stride(from: -50_000, through: 96_097, by: 1) {
      let time = WallTime(unixMilliseconds: Int64(day) * 86_400_000 + 12_345_678)
      #expect(WallTime(rfc3339: time.description) == time)
    }
  }

  @Test(arguments: [
    ("2026-11-22T12:00:00Z", 1_795_348_800_000), ("2026-11-22T13:00:00+01:00", 1_795_348_800_000),
    ("2026-11-22T12:00:00.5Z", 1_795_348_800_500), ("2026-11-22t12:00:00.123456789z", 1_795_348_800_123),
  ])
  func `reads RFC 3339 with offsets and fractions`(text: String, milliseconds: Int64) {
    #expect(WallTime(rfc3339: text)?.unixMilliseconds == milliseconds)
  }

  @Test(arguments: [
    "", "2026-11-22", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-11-22T24:00:00Z", "2026-11-22T12:00:00",
    "2026-11-22T12:00:00.Z", "2026-11-22T12:00:00Zx", "2026-11-22T12:00:00.1234567890Z",
  ])
  func `refuses what is not a time`(text: String) {
    #expect(WallTime(rfc3339: text) == nil)
  }
}

@Suite struct `Duration settings` {
  @Test(arguments: [
    ("0", 0), ("250ms", 250), ("30s", 30_000), ("1h30m", 5_400_000), ("7d", 604_800_000), ("1w", 604_800_000),
  ])
  func `are numbers with units`(text: String, milliseconds: Int64) {
    #expect(DurationSetting.milliseconds(text) == milliseconds)
  }

  @Test(arguments: ["", "1", "s", "1.5s", "-1s", "1 s", "1x", "99999999999999999s", "101y"])
  func `refuse anything else`(text: String) {
    #expect(DurationSetting.milliseconds(text) == nil)
  }

  @Test(arguments: [(0, "0ms"), (999, "999ms"), (12_000, "12s"), (5_400_000, "1h30m"), (90_061_000, "1d1h")])
  func `are shown in two units`(milliseconds: Int64, text: String) {
    #expect(DurationSetting.text(milliseconds: milliseconds) == text)
  }
}
