import ControlModel
import Dispatch
import MetricStore
import Telemetry

/// The metric store's slow work, on a thread of its own: files are written while others go on.
extension Assembly {
  private static let fileWork = DispatchQueue(label: "breakwater.metrics", qos: .utility)
  /// What a loss of power may cost.
  private static let syncInterval = Duration.seconds(5)
  private static let syncsPerMaintenance = 12

  private func apart<Result: Sendable>(_ work: @escaping @Sendable () -> Result) async -> Result {
    await withCheckedContinuation { continuation in
      Self.fileWork.async { continuation.resume(returning: work()) }
    }
  }

  func restoreMetrics() async {
    let store = metricStore
    let restored = await apart { store.restore() }
    for problem in restored.problems { tellOfMetrics("metrics.damaged", problem) }
    guard restored.samples > 0 || restored.blocks > 0 else { return }
    events.emit(
      LogEvent(
        "metrics.restored", .info, at: options.clocks.now, component: "metrics",
        body: "\(restored.samples) samples of \(restored.series) series and \(restored.blocks) blocks are back"))
  }

  /// Syncs the journal every few seconds; each minute cuts, merges and deletes blocks.
  func maintainMetrics() async {
    let (store, clocks) = (metricStore, options.clocks)
    var syncs = 0
    while !Task.isCancelled {
      await SystemSources.sleep(Self.syncInterval)
      guard store.isRestored else { continue }
      await apart { store.sync(clocks.monotonic) }
      syncs += 1
      guard syncs % Self.syncsPerMaintenance == 0 else { continue }
      for problem in await apart({ store.maintain(at: clocks.now.unixMilliseconds) }) {
        tellOfMetrics("metrics.block.failed", problem)
      }
    }
    await apart { store.sync(clocks.monotonic) }
  }

  private func tellOfMetrics(_ event: StaticString, _ problem: String) {
    events.emit(LogEvent(event.description, .error, at: options.clocks.now, component: "metrics", body: problem))
  }
}
