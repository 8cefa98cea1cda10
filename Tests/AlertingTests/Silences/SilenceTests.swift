import ControlModel
import Testing

@testable import Alerting

/// Silences mute messages, for a time, for a reason.
@Suite struct `A silence` {
  @Test func `mutes what all its conditions hold for, from its start to its end`() throws {
    let silence = try silence("tenant=orchid", "severity!=critical", minutes: 10)
    let warning = try firing("Slow", #"severity="warning",tenant="orchid""#)
    #expect(silence.mutes(warning, at: noon))
    #expect(silence.mutes(warning, at: noon.plus(seconds: 599)))
    #expect(!silence.mutes(warning, at: noon.plus(seconds: 600)))
    #expect(!silence.mutes(warning, at: noon.plus(seconds: -1)))
    #expect(!silence.mutes(try firing("Slow", #"severity="critical",tenant="orchid""#), at: noon))
    #expect(!silence.mutes(try firing("Slow", #"severity="warning",tenant="heron""#), at: noon))
  }

  @Test func `never mutes the watchdog, nor an alert that acts by itself`() throws {
    let silence = try silence("alertname=~.+")
    #expect(silence.mutes(try firing("Down"), at: noon))
    #expect(!silence.mutes(try firing("Watchdog", #"severity="none""#), at: noon))
    #expect(
      !silence.mutes(try firing("OrderPlacedWhileHalted", #"control="global_halt",control_mode="auto""#), at: noon))
    #expect(silence.mutes(try firing("MarketDataStale", #"control="global_halt",control_mode="propose""#), at: noon))
  }

  @Test func `that ends with its alert ends when that does, and waits for it to begin`() throws {
    var set = SilenceSet([try silence("alertname=Down", endsWithAlert: true)])
    #expect(set.pass([], at: noon).changed.isEmpty, "nothing has matched yet")
    let down = try firing("Down")
    let first = set.pass([down], at: noon.plus(seconds: 1))
    #expect(first.changed.map(\.hasMatched) == [true])
    #expect(set.pass([down], at: noon.plus(seconds: 2)).changed.isEmpty)
    let last = set.pass([], at: noon.plus(seconds: 3))
    #expect(last.changed.map(\.endsAt) == [noon.plus(seconds: 3)])
    #expect(set.muting(down, at: noon.plus(seconds: 3)).isEmpty, "the same alert is told when it comes back")
  }

  @Test func `is announced once, ten minutes before its end, while it mutes something`() throws {
    let down = try firing("Down")
    var set = SilenceSet([try silence("alertname=Down", minutes: 60)])
    #expect(set.pass([down], at: noon.plus(seconds: 49 * 60)).expiring.isEmpty)
    #expect(set.pass([], at: noon.plus(seconds: 50 * 60)).expiring.isEmpty, "nobody would hear anything")
    #expect(set.pass([down], at: noon.plus(seconds: 51 * 60)).expiring.map(\.silence.id) == ["sil_1"])
    #expect(set.pass([down], at: noon.plus(seconds: 52 * 60)).expiring.isEmpty)
    var short = SilenceSet([try silence("alertname=Down", minutes: 5)])
    #expect(short.pass([down], at: noon).expiring.isEmpty)
  }

  @Test func `that ended is kept for a day`() throws {
    var set = SilenceSet([try silence("alertname=Down", minutes: 1)])
    _ = set.pass([], at: noon.plus(seconds: 3600))
    #expect(set.all.map { $0.state(at: noon.plus(seconds: 3600)) } == [.expired])
    _ = set.pass([], at: noon.plus(seconds: 90_000))
    #expect(set.all.isEmpty)
  }
}
