import BreakwaterTesting
import Foundation
import PromQL
import Telemetry

@testable import MetricStore

/// Stores one after the other on one folder, as processes that start and end.
struct DurableStore {
  let folder: TemporaryFolder
  let registry = MetricRegistry()
  var segmentBytesMax = 16 << 20
  var retention: Int64 = 15 * 86_400_000

  init() throws {
    folder = try TemporaryFolder()
  }

  var settings: MetricStore.Settings {
    var settings = MetricStore.Settings()
    settings.folder = folder.file("metrics")
    settings.retentionMilliseconds = retention
    settings.journalSegmentBytesMax = segmentBytesMax
    let random = LockedRandom(11)
    settings.random = { random.next() }
    return settings
  }

  func open() -> (store: MetricStore, restored: MetricStore.Restoration) {
    let store = MetricStore(settings, metrics: registry)
    return (store, store.restore())
  }

  var journalFiles: [String] { names("metrics/journal") }
  var blocks: [String] { names("metrics/blocks") }

  private func names(_ path: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder.file(path))) ?? []).sorted()
  }

  func bytes(_ path: String) -> [UInt8] {
    FileManager.default.contents(atPath: folder.file(path)).map { [UInt8]($0) } ?? []
  }

  func write(_ bytes: [UInt8], to path: String) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: folder.file(path)))
  }
}

/// Chance that any thread may ask for.
final class LockedRandom: @unchecked Sendable {
  private let lock = NSLock()
  private var random: SeededRandom

  init(_ seed: UInt64) {
    random = SeededRandom(seed)
  }

  func next() -> UInt64 { lock.withLock { random.next() } }
}

extension MetricStore {
  /// Samples of several series every `step`, from `start` up to `end`; what each series then holds.
  @discardableResult
  func fill(
    _ names: [String], from start: Int64, to end: Int64, step: Int64, seed: UInt64 = 1
  ) throws -> [String: [Point]] {
    var random = SeededRandom(seed)
    let references = try names.map { try reference(Labels(parsing: $0)) }
    var values = names.map { _ in 0.0 }
    var points: [String: [Point]] = [:]
    for time in stride(from: start, to: end, by: Int64.Stride(step)) {
      var batch: [(Reference, Double)] = []
      for (index, name) in names.enumerated() {
        switch index % 4 {
        case 0: values[index] += Double(Int.random(in: 0...20, using: &random))
        case 1: values[index] = Double.random(in: -1e6...1e6, using: &random)
        case 2: values[index] = random.chance(5) ? SampleValue.staleMarker : 42
        default: values[index] += random.chance(20) ? 0.5 : 0
        }
        guard let reference = references[index] else { continue }
        batch.append((reference, values[index]))
        points[name, default: []].append(Point(time, values[index]))
      }
      append(batch, at: time)
    }
    return points
  }
}
