import PromQL

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The write-ahead journal of the metric store: every sample is in a file before its writer is answered. The format is
/// specified in docs/reference/metric-store.md.
///
/// Every segment stands for itself: it defines each series on its first sample there. So a segment goes away as a whole
/// once its samples are in a block, and a damaged one costs no other.
struct MetricJournal: ~Copyable {
  enum Record {
    static let series: UInt8 = 1
    static let samples: UInt8 = 2
    static let exemplars: UInt8 = 3
    static let truncation: UInt8 = 4

    /// Length, checksum.
    static let headBytes = 8
    /// A record is closed once it is this long; a reader refuses one longer than `bytesMax`.
    static let bytesEnough = 1 << 20
    static let bytesMax = 4 << 20
  }

  static let magic: [UInt8] = Array("BWMETJ01".utf8)
  static let suffix = ".metj"

  /// Nil keeps everything in memory only.
  private let folder: String?
  private let segmentBytesMax: Int
  private var descriptor: Int32 = -1
  /// Bytes of whole records in the current segment.
  private var size = 0
  /// The newest segment's number; the first is 1.
  private(set) var segment: UInt32
  /// Time of the newest sample in each segment, oldest segment first.
  private var lastTimes: [(number: UInt32, time: Int64)]

  private var seriesInSegment = 0
  private var definitions: [UInt8] = []
  private var samples: [UInt8] = []
  private var previousNumber = 0
  private var previousTime: Int64 = 0
  private var out: [UInt8] = []

  /// - Parameters:
  ///   - folder: exists already; nil for a store in memory.
  ///   - known: what a replay found.
  init(folder: String?, after known: [(number: UInt32, time: Int64)] = [], segmentBytesMax: Int = 16 << 20) {
    self.folder = folder
    self.segmentBytesMax = segmentBytesMax
    lastTimes = known
    segment = known.map(\.number).max() ?? 0
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
  }

  var isDurable: Bool { folder != nil }

  // MARK: Records

  /// Adds a sample to the record being made.
  @inline(__always)
  mutating func add(_ series: inout HeadSeries, _ time: Int64, _ value: Double) {
    guard folder != nil else { return }
    if descriptor < 0 { startSegment() }
    if series.journal.segment != segment { define(&series) }
    let step = series.journal.number - previousNumber
    let zigzag = UInt64(bitPattern: Int64(step) << 1 ^ Int64(step) >> 63)
    if time == previousTime {
      samples.append(uvarint: zigzag << 1)
    } else {
      samples.append(uvarint: zigzag << 1 | 1)
      samples.append(varint: time &- previousTime)
      previousTime = time
    }
    previousNumber = series.journal.number
    series.journal.write(value, to: &samples)
    if !lastTimes.isEmpty, time > lastTimes[lastTimes.count - 1].time { lastTimes[lastTimes.count - 1].time = time }
    if samples.count >= Record.bytesEnough || definitions.count >= Record.bytesEnough { closeRecords() }
  }

  private mutating func define(_ series: inout HeadSeries) {
    series.journal = JournalCursor(segment: segment, number: seriesInSegment)
    seriesInSegment += 1
    definitions.append(uvarint: UInt64(series.journal.number))
    Self.append(series.labels, to: &definitions)
  }

  /// Adds an exemplar as a record of its own.
  mutating func add(_ exemplar: Exemplar, of series: inout HeadSeries) {
    guard folder != nil else { return }
    if descriptor < 0 { startSegment() }
    if series.journal.segment != segment { define(&series) }
    closeRecords()
    var payload = [Record.exemplars]
    payload.append(uvarint: UInt64(series.journal.number))
    payload.append(varint: exemplar.timestamp)
    payload.append(little64: exemplar.value.bitPattern)
    Self.append(exemplar.labels, to: &payload)
    Self.frame(payload, into: &out)
  }

  /// Notes that samples after `time` are gone.
  mutating func addTruncation(after time: Int64) {
    guard folder != nil else { return }
    if descriptor < 0 { startSegment() }
    closeRecords()
    var payload = [Record.truncation]
    payload.append(varint: time)
    Self.frame(payload, into: &out)
  }

  static func append(_ labels: Labels, to out: inout [UInt8]) {
    var count = 0
    labels.forEach { _, _ in count += 1 }
    out.append(uvarint: UInt64(count))
    labels.forEach { name, value in
      out.append(string: name)
      out.append(string: value)
    }
  }

  private mutating func closeRecords() {
    if !definitions.isEmpty {
      Self.frame([Record.series] + definitions, into: &out)
      definitions.removeAll(keepingCapacity: true)
    }
    if !samples.isEmpty {
      Self.frame([Record.samples] + samples, into: &out)
      samples.removeAll(keepingCapacity: true)
    }
    previousNumber = 0
    previousTime = 0
  }

  static func frame(_ payload: [UInt8], into out: inout [UInt8]) {
    out.append(little32: UInt32(payload.count))
    out.append(little32: CRC32C.of(payload))
    out += payload
  }

  // MARK: Files

  /// Writes what was added since the last commit; after a `true` it survives the process. After a `false` nothing of it
  /// does: the segment is cut back to its last whole record, and the next commit starts another.
  mutating func commit() -> Bool {
    guard folder != nil else { return true }
    closeRecords()
    guard !out.isEmpty else { return true }
    defer { out.removeAll(keepingCapacity: true) }
    guard descriptor >= 0 else { return false }
    guard Files.write(out, to: descriptor) else {
      ftruncate(descriptor, off_t(size))
      endSegment()
      return false
    }
    size += out.count
    if size >= segmentBytesMax { endSegment() }
    return true
  }

  /// The next sample goes to a new segment.
  mutating func endSegment() {
    if descriptor >= 0 { close(descriptor) }
    descriptor = -1
  }

  private mutating func startSegment() {
    guard let folder else { return }
    segment += 1
    seriesInSegment = 0
    size = Self.magic.count
    lastTimes.append((segment, .min))
    descriptor = open(folder + "/" + Self.name(segment), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    if descriptor >= 0, !Files.write(Self.magic, to: descriptor) { endSegment() }
  }

  /// Deletes segments none of whose samples is at or after `time`, the current one excepted.
  mutating func drop(before time: Int64) {
    guard let folder else { return }
    let isWriting = descriptor >= 0
    for (number, last) in lastTimes where last < time && !(isWriting && number == segment) {
      Files.removeFile(folder + "/" + Self.name(number))
    }
    lastTimes.removeAll { $0.time < time && !(isWriting && $0.number == segment) }
  }

  /// A descriptor of the current segment to sync without keeping writers waiting; the caller closes it.
  func descriptorToSync() -> Int32? { descriptor >= 0 ? dup(descriptor) : nil }

  static func name(_ number: UInt32) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, 8 - digits.utf8.count)) + digits + suffix
  }
}
