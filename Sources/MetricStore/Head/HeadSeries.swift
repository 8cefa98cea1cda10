import PromQL

/// One series: full chunks and the one being filled.
struct HeadSeries: Sendable {
  let labels: Labels
  /// Unique over the life of the store: a place is used again when its series has expired.
  let identity: UInt64
  private(set) var closed: [ClosedChunk] = []
  private var open = XORChunk()
  private(set) var last: Sample?
  var journal = JournalCursor()
  /// No sample yet, and not seen by `expire` yet: its first one is on the way.
  private var isExpected = true

  init(_ labels: Labels, identity: UInt64) {
    self.labels = labels
    self.identity = identity
  }

  /// Blocks span two hours of the clock, as Prometheus' do, and no chunk is in two of them.
  static let blockMilliseconds: Int64 = 7_200_000

  static func block(of time: Int64) -> Int64 {
    let quotient = time / blockMilliseconds
    return time % blockMilliseconds < 0 ? quotient - 1 : quotient
  }

  /// Nil when stored.
  @inline(__always)
  mutating func append(_ time: Int64, _ value: Double) -> MetricStore.Rejection? {
    if let last {
      if time < last.timestamp { return .outOfOrder }
      if time == last.timestamp { return value.bitPattern == last.value.bitPattern ? .duplicate : .conflict }
      if open.isFull || time >= open.end { close() }
    }
    if open.count == 0 { open.end = (Self.block(of: time) + 1) &* Self.blockMilliseconds }
    open.append(time, value)
    last = Sample(timestamp: time, value: value)
    return nil
  }

  private mutating func close() {
    guard open.count > 0 else { return }
    closed.append(open.closed)
    open = XORChunk()
  }

  /// Drops full chunks that ended before `time`. True when the series itself ended before it.
  mutating func expire(before time: Int64) -> Bool {
    guard let last else {
      defer { isExpected = false }
      return !isExpected
    }
    guard last.timestamp >= time else { return true }
    if let first = closed.first, first.lastTime < time { closed.removeAll { $0.lastTime < time } }
    return false
  }

  /// Drops the samples after `time`.
  mutating func truncate(after time: Int64) {
    guard let last, last.timestamp > time else { return }
    let old = self
    self = HeadSeries(labels, identity: identity)
    journal = old.journal
    let chunks = old.open.count > 0 ? old.closed + [old.open.closed] : old.closed
    for chunk in chunks where chunk.firstTime <= time {
      if chunk.lastTime <= time {
        closed.append(chunk)
      } else {
        XORDecoder.forEach(chunk.bytes) { sample in
          if sample.timestamp <= time { _ = append(sample.timestamp, sample.value) }
        }
      }
    }
    if self.last == nil, let end = closed.last { XORDecoder.forEach(end.bytes) { self.last = $0 } }
  }

  var firstTime: Int64? { closed.first?.firstTime ?? (open.count > 0 ? open.firstTime : nil) }

  /// All chunks within `times`, the one being filled as it is now.
  func chunks(in times: Range<Int64>) -> [ClosedChunk] {
    var found = closed.filter { times.contains($0.firstTime) }
    if open.count > 0, times.contains(open.firstTime) { found.append(open.closed) }
    return found
  }

  func overlaps(_ window: ClosedRange<Int64>) -> Bool {
    guard let last, let firstTime else { return false }
    return firstTime <= window.upperBound && last.timestamp >= window.lowerBound
  }

  func load(_ window: ClosedRange<Int64>, into samples: inout SampleBuffer) {
    // Rules look at the newest minutes of hours: start at the first chunk that reaches the window.
    var low = 0
    var high = closed.count
    while low < high {
      let middle = (low + high) / 2
      if closed[middle].lastTime < window.lowerBound { low = middle + 1 } else { high = middle }
    }
    while low < closed.count {
      if closed[low].firstTime > window.upperBound { return }
      closed[low].load(window, into: &samples)
      low += 1
    }
    if open.count > 0 { open.load(window, into: &samples) }
  }

  /// Bytes of compressed samples.
  var chunkBytes: Int { closed.reduce(open.byteCount) { $0 + $1.bytes.count } }
}
