import PromQL

/// Puts the records of a journal back in place.
struct HeadReplay {
  private var current: UInt32 = 0
  /// The series the current segment has defined, by number, and where they are; place -1 had no room.
  private var defined: [(place: Int, cursor: JournalCursor)] = []
  private(set) var samples = 0
  private(set) var lastTimes: [(number: UInt32, time: Int64)] = []

  /// False for a record that is not what a journal writes.
  mutating func apply(
    _ payload: UnsafeRawBufferPointer, of segment: UInt32, to head: inout HeadState, _ ring: inout ExemplarRing,
    seriesMax: Int
  ) -> Bool {
    if segment != current {
      current = segment
      defined.removeAll(keepingCapacity: true)
      lastTimes.append((segment, .min))
    }
    var reader = ByteReader(payload)
    switch reader.byte() {
    case MetricJournal.Record.series: return define(&reader, &head, seriesMax)
    case MetricJournal.Record.samples: return restore(&reader, &head)
    case MetricJournal.Record.exemplars: return restoreExemplar(&reader, head, &ring)
    case MetricJournal.Record.truncation:
      guard let time = reader.varint() else { return false }
      head.truncate(after: time)
      return true
    default: return false
    }
  }

  private mutating func define(_ reader: inout ByteReader, _ head: inout HeadState, _ seriesMax: Int) -> Bool {
    while !reader.isAtEnd {
      guard let number = reader.uvarint(), number == UInt64(defined.count), let labels = Self.labels(&reader) else {
        return false
      }
      let place = head.place(of: labels, seriesMax: seriesMax) ?? -1
      defined.append((place, JournalCursor(segment: current, number: defined.count)))
    }
    return true
  }

  private mutating func restore(_ reader: inout ByteReader, _ head: inout HeadState) -> Bool {
    var number = 0
    var time: Int64 = 0
    var newest = Int64.min
    while !reader.isAtEnd {
      guard let token = reader.uvarint() else { return false }
      if token & 1 == 1 {
        guard let delta = reader.varint() else { return false }
        time &+= delta
      }
      let zigzag = token >> 1
      number &+= Int(truncatingIfNeeded: Int64(bitPattern: zigzag >> 1) ^ -Int64(bitPattern: zigzag & 1))
      guard defined.indices.contains(number), let value = defined[number].cursor.read(&reader) else { return false }
      newest = max(newest, time)
      if defined[number].place >= 0, head.restore(time, value, at: defined[number].place) { samples += 1 }
    }
    let position = lastTimes.count - 1
    lastTimes[position].time = max(lastTimes[position].time, newest)
    return true
  }

  private func restoreExemplar(_ reader: inout ByteReader, _ head: HeadState, _ ring: inout ExemplarRing) -> Bool {
    guard let number = reader.uvarint(), number < UInt64(defined.count), let time = reader.varint(),
      let bits = reader.little64(), let labels = Self.labels(&reader)
    else { return false }
    let place = defined[Int(number)].place
    if place >= 0, let series = head.series[place] {
      ring.append(Exemplar(labels: labels, value: Double(bitPattern: bits), timestamp: time), of: series.labels)
    }
    return true
  }

  private static func labels(_ reader: inout ByteReader) -> Labels? {
    guard let count = reader.count() else { return nil }
    var builder = LabelsBuilder()
    for _ in 0..<count {
      guard let name = reader.string(), let value = reader.string() else { return nil }
      builder.append(name: name, value: value)
    }
    return try? builder.build()
  }
}
