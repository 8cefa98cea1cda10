/// Finds the series a sender means by the bytes it writes its labels with: a sender writes them alike each time, so that
/// a known series costs a hash and a comparison, and no label set is built.
///
/// Open addressing, at most half full. A collision costs time, never a wrong series: the bytes are compared.
struct SeriesCache {
  private struct Entry {
    let hash: UInt64
    let start: Int
    let length: Int
    var known: Known
  }

  struct Known {
    let reference: MetricStore.Reference
    /// Position of the metric's name in `metrics`.
    let metric: Int
  }

  private var entries: [Entry] = []
  /// Entry number + 1, or 0.
  private var places: [UInt32] = Array(repeating: 0, count: 1024)
  private var bytes: [UInt8] = []
  private(set) var metrics: [String] = []
  private var metricPlaces: [String: Int] = [:]
  private let seed: UInt64

  /// Series remembered, and their label bytes; then it starts over.
  private static let entriesMax = 100_000
  private static let bytesMax = 32 << 20

  init(seed: UInt64) {
    self.seed = seed
  }

  func hash(_ key: UnsafeRawBufferPointer) -> UInt64 {
    var hash = seed ^ UInt64(key.count)
    var index = 0
    while index + 8 <= key.count {
      hash = Self.mix(hash ^ key.loadUnaligned(fromByteOffset: index, as: UInt64.self))
      index += 8
    }
    var tail: UInt64 = 0
    while index < key.count {
      tail = tail << 8 | UInt64(key[index])
      index += 1
    }
    return Self.mix(hash ^ tail)
  }

  @inline(__always)
  private static func mix(_ value: UInt64) -> UInt64 {
    let (high, low) = value.multipliedFullWidth(by: 0x9e37_79b9_7f4a_7c15)
    return high ^ low &+ 0x2545_f491_4f6c_dd1d
  }

  @inline(__always)
  func find(_ key: UnsafeRawBufferPointer, _ hash: UInt64) -> Known? {
    var place = Int(hash & UInt64(places.count - 1))
    while places[place] != 0 {
      let entry = entries[Int(places[place]) - 1]
      if entry.hash == hash, entry.length == key.count, isEqual(entry, key) { return entry.known }
      place = (place + 1) & (places.count - 1)
    }
    return nil
  }

  @inline(__always)
  private func isEqual(_ entry: Entry, _ key: UnsafeRawBufferPointer) -> Bool {
    bytes.withUnsafeBytes { all in
      Memory.isEqual(all, entry.start, key)
    }
  }

  /// Remembers a series, or its new reference.
  @discardableResult
  mutating func set(
    _ key: UnsafeRawBufferPointer, _ hash: UInt64, _ reference: MetricStore.Reference, of metric: String
  ) -> Known {
    if entries.count >= Self.entriesMax || bytes.count + key.count > Self.bytesMax { self = SeriesCache(seed: seed) }
    let known = Known(reference: reference, metric: place(of: metric))
    var place = Int(hash & UInt64(places.count - 1))
    while places[place] != 0 {
      let number = Int(places[place]) - 1
      if entries[number].hash == hash, entries[number].length == key.count, isEqual(entries[number], key) {
        entries[number].known = known
        return known
      }
      place = (place + 1) & (places.count - 1)
    }
    entries.append(Entry(hash: hash, start: bytes.count, length: key.count, known: known))
    bytes.append(contentsOf: key)
    places[place] = UInt32(entries.count)
    if entries.count * 2 > places.count { grow() }
    return known
  }

  private mutating func place(of metric: String) -> Int {
    if let place = metricPlaces[metric] { return place }
    metricPlaces[metric] = metrics.count
    metrics.append(metric)
    return metrics.count - 1
  }

  private mutating func grow() {
    places = Array(repeating: 0, count: places.count * 2)
    for (number, entry) in entries.enumerated() {
      var place = Int(entry.hash & UInt64(places.count - 1))
      while places[place] != 0 { place = (place + 1) & (places.count - 1) }
      places[place] = UInt32(number + 1)
    }
  }
}
