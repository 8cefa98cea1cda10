// public: the store decodes into it sample by sample.

/// Samples of one series in order of time, times and values apart, in memory that is reused from series to series.
///
/// Own memory instead of two arrays because `append` runs once per sample: it is two stores and one comparison.
public struct SampleBuffer: ~Copyable {
  @usableFromInline var times: UnsafeMutablePointer<Int64>
  @usableFromInline var samples: UnsafeMutablePointer<Double>
  @usableFromInline var capacity: Int
  @usableFromInline var filled = 0

  /// What a window of a few minutes holds; larger ones double it as they go.
  private static var initialCapacity: Int { 128 }

  public init() {
    capacity = Self.initialCapacity
    times = .allocate(capacity: capacity)
    samples = .allocate(capacity: capacity)
  }

  deinit {
    times.deallocate()
    samples.deallocate()
  }

  @inlinable
  public var count: Int { filled }

  /// Adds a sample. Precondition: it is later than the one before.
  @inlinable
  public mutating func append(timestamp: Int64, value: Double) {
    if filled == capacity { grow(to: filled + 1) }
    times[filled] = timestamp
    samples[filled] = value
    filled += 1
  }

  /// Makes room for `additional` samples.
  public mutating func reserve(_ additional: Int) {
    if count + additional > capacity { grow(to: count + additional) }
  }

  /// Lets `body` write up to `additional` samples to the end at once and return how many it wrote.
  @inlinable
  public mutating func append(
    upTo additional: Int,
    _ body: (_ timestamps: UnsafeMutableBufferPointer<Int64>, _ values: UnsafeMutableBufferPointer<Double>) -> Int
  ) {
    reserve(additional)
    let written = body(
      UnsafeMutableBufferPointer(start: times + count, count: additional),
      UnsafeMutableBufferPointer(start: samples + count, count: additional))
    precondition((0...additional).contains(written), "wrote \(written) samples into room for \(additional)")
    filled += written
  }

  public mutating func removeAll() {
    filled = 0
  }

  public var last: Sample? {
    count == 0 ? nil : Sample(timestamp: times[count - 1], value: samples[count - 1])
  }

  /// Removes stale markers: range functions do not see them.
  mutating func removeStaleMarkers() {
    var kept = 0
    while kept < count, !samples[kept].isAbsent { kept += 1 }
    guard kept < count else { return }
    for index in kept..<count where !samples[index].isAbsent {
      times[kept] = times[index]
      samples[kept] = samples[index]
      kept += 1
    }
    filled = kept
  }

  @usableFromInline
  mutating func grow(to needed: Int) {
    let larger = max(needed, capacity * 2)
    times = Self.move(times, count: count, capacity: larger)
    samples = Self.move(samples, count: count, capacity: larger)
    capacity = larger
  }

  private static func move<Element>(
    _ old: UnsafeMutablePointer<Element>, count: Int, capacity: Int
  ) -> UnsafeMutablePointer<Element> {
    let new = UnsafeMutablePointer<Element>.allocate(capacity: capacity)
    new.moveInitialize(from: old, count: count)
    old.deallocate()
    return new
  }
}

/// Consecutive samples of a buffer. Valid as long as the buffer is not changed.
struct SampleWindow {
  let times: UnsafePointer<Int64>
  let values: UnsafePointer<Double>
  let count: Int

  var firstTime: Int64 { times[0] }
  var lastTime: Int64 { times[count - 1] }
  var firstValue: Double { values[0] }
  var lastValue: Double { values[count - 1] }

  /// The samples `lower..<upper`. Precondition: they exist.
  @inline(__always)
  func part(_ lower: Int, _ upper: Int) -> SampleWindow {
    assert(0 <= lower && lower <= upper && upper <= count)
    return SampleWindow(times: times + lower, values: values + lower, count: upper - lower)
  }
}

extension SampleBuffer {
  /// All samples.
  var window: SampleWindow {
    SampleWindow(times: UnsafePointer(times), values: UnsafePointer(samples), count: count)
  }
}
