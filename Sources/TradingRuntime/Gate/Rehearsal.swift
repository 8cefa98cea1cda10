package import ControlModel
import Telemetry

/// What a stop would have taken, measured at the real gate without stopping anything.
package struct Rehearsal: Sendable, Equatable {
  /// From the shadow epoch until every section that was open then had ended.
  package let drainNanoseconds: Int64
  /// Sections that were open.
  package let drained: Int
  /// False when sections were still open at the drain bound: a real stop would have reset the connection.
  package let isDrained: Bool
  /// Orders that passed while it was watched and that the stop would have refused.
  package let wouldRefuse: Int

  package init(drainNanoseconds: Int64, drained: Int, isDrained: Bool, wouldRefuse: Int) {
    self.drainNanoseconds = drainNanoseconds
    self.drained = drained
    self.isDrained = isDrained
    self.wouldRefuse = wouldRefuse
  }
}

extension TradingRuntime {
  /// Runs a stop of `scope` through the gate as a shadow: publishes nothing, drains for real, and counts for `watch` what
  /// it would have refused. One at a time.
  package func rehearse(_ scope: ControlScope, _ level: ControlLevel, watching watch: Duration) async -> Rehearsal {
    gate.startRehearsal(scope, level)
    let start = clocks.monotonic()
    let deadline = start + settings.drainTimeout.nanoseconds
    let drained = await gate.drain(
      hasTimedOut: { clocks.monotonic() >= deadline },
      pause: { attempt in
        await Task.yield()
        if attempt >= 64 { await sleep(.microseconds(100)) }
      })
    let elapsed = clocks.monotonic() - start
    await sleep(watch)
    return Rehearsal(
      drainNanoseconds: elapsed, drained: drained ?? 0, isDrained: drained != nil, wouldRefuse: gate.endRehearsal())
  }
}
