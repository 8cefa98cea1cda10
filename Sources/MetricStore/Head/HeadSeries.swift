import PromQL

/// One series: full chunks and the one being filled.
struct HeadSeries: Sendable {
  let labels: Labels
  /// Unique over the life of the store: a place is used again when its series has expired.
  let identity: UInt64
  private var closed: [ClosedChunk] = []
  private var open = XORChunk()
  private(set) var last: Sample?

  init(_ labels: Labels, identity: UInt64) {
    self.labels = labels
    self.identity = identity
  }

  /// Nil when stored.
  mutating func append(_ time: Int64, _ value: Double) -> MetricStore.Rejection? {
    if let last {
      if time < last.timestamp { return .outOfOrder }
      if time == last.timestamp { return .duplicate }
    }
    if open.isFull {
      closed.append(open.closed)
      open = XORChunk()
    }
    open.append(time, value)
    last = Sample(timestamp: time, value: value)
    return nil
  }

  /// Drops full chunks that ended before `time`. True when the series itself ended before it.
  mutating func expire(before time: Int64) -> Bool {
    guard let last, last.timestamp >= time else { return true }
    if let first = closed.first, first.lastTime < time { closed.removeAll { $0.lastTime < time } }
    return false
  }

  /// Drops the samples after `time`.
  mutating func truncate(after time: Int64) {
    guard let last, last.timestamp > time else { return }
    let old = self
    self = HeadSeries(labels, identity: identity)
    let chunks = old.open.count > 0 ? old.closed + [old.open.closed] : old.closed
    for chunk in chunks where chunk.firstTime <= time {
      if chunk.lastTime <= time {
        closed.append(chunk)
      } else {
        var samples = XORDecoder(chunk.bytes)
        while let sample = samples.next(), sample.timestamp <= time { _ = append(sample.timestamp, sample.value) }
      }
    }
    if self.last == nil, let end = closed.last {
      var samples = XORDecoder(end.bytes)
      while let sample = samples.next() { self.last = sample }
    }
  }

  func overlaps(_ window: ClosedRange<Int64>) -> Bool {
    guard let last else { return false }
    let first = closed.first?.firstTime ?? open.firstTime
    return first <= window.upperBound && last.timestamp >= window.lowerBound
  }

  func load(_ window: ClosedRange<Int64>, into samples: inout SampleBuffer) {
    // Rules look at the newest minutes of hours: start at the first chunk that reaches the window.
    var low = 0
    var high = closed.count
    while low < high {
      let middle = (low + high) / 2
      if closed[middle].lastTime < window.lowerBound { low = middle + 1 } else { high = middle }
    }
    for chunk in closed[low...] {
      if chunk.firstTime > window.upperBound { return }
      chunk.load(window, into: &samples)
    }
    if open.count > 0 { open.load(window, into: &samples) }
  }

  /// Bytes of compressed samples.
  var chunkBytes: Int { closed.reduce(open.bytes.count) { $0 + $1.bytes.count } }
}
