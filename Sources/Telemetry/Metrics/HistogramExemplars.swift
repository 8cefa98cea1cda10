import Synchronization

/// One observation that can be looked up: a request that took so long.
package struct ObservedExemplar: Sendable, Equatable {
  /// In the metric's base unit.
  package let value: Double
  /// Unix milliseconds.
  package let time: Int64
  /// 32 hex digits.
  package let traceID: String
  package let requestID: String

  /// OpenMetrics 1.0: characters of all label names and values of an exemplar.
  package static let labelCharactersMax = 128
  /// How long an exemplar is kept against a faster one.
  package static let keptMilliseconds: Int64 = 15_000
  /// How long one is shown: what it stands for is over then.
  package static let shownMilliseconds: Int64 = 600_000

  /// Name and value of each label; the request id only if it fits.
  package var labels: [(name: String, value: String)] {
    let trace = [(name: "trace_id", value: traceID)]
    let used = "trace_id".utf8.count + traceID.utf8.count + "request_id".utf8.count + requestID.utf8.count
    return used <= Self.labelCharactersMax ? trace + [(name: "request_id", value: requestID)] : trace
  }
}

/// For each bucket of a histogram one exemplar: the slowest of the last seconds.
///
/// The request path asks two atomics whether its observation is wanted; a slot is written under a lock that it takes only
/// if nobody has it.
final class ExemplarSlots: Sendable {
  private struct Slot {
    var value = 0
    var time: Int64 = 0
    var trace: TraceContext
    var requestID: [UInt8]
  }

  /// Per bucket: what an observation must exceed, unless the time is past.
  private let values = InlineArray<24, Atomic<Int>> { _ in Atomic<Int>(-1) }
  private let keptUntil = InlineArray<24, Atomic<Int64>> { _ in Atomic<Int64>(.min) }
  private let slots = Mutex<[Int: Slot]>([:])

  @inline(__always)
  func wants(_ bucket: Int, _ value: Int, at time: Int64) -> Bool {
    value > values[bucket].load(ordering: .relaxed) || time >= keptUntil[bucket].load(ordering: .relaxed)
  }

  func offer(_ bucket: Int, _ value: Int, at time: Int64, _ trace: TraceContext, _ requestID: [UInt8]) {
    _ = slots.withLockIfAvailable { slots in
      slots[bucket] = Slot(value: value, time: time, trace: trace, requestID: requestID)
      values[bucket].store(value, ordering: .relaxed)
      keptUntil[bucket].store(time + ObservedExemplar.keptMilliseconds, ordering: .relaxed)
    }
  }

  /// Exemplars newer than `time`, by bucket.
  func read(after time: Int64, unitsPerBase: Double) -> [(bucket: Int, exemplar: ObservedExemplar)] {
    let slots = slots.withLock { $0 }
    return slots.filter { $0.value.time > time }.sorted { $0.key < $1.key }.map { bucket, slot in
      var hex: [UInt8] = []
      slot.trace.appendTraceID(to: &hex)
      return (
        bucket,
        ObservedExemplar(
          value: Double(slot.value) / unitsPerBase, time: slot.time, traceID: String(decoding: hex, as: UTF8.self),
          requestID: String(decoding: slot.requestID, as: UTF8.self))
      )
    }
  }
}
