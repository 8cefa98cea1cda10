// public: each event loop fills one and hands it over.

/// A run of encoded log lines with the keys they can be found by. Filled by one event loop, then handed to the writer
/// whole, so that a request never waits for the disk.
public struct LogBlock: Sendable {
  /// Where a line starts and one key it is found by. A line with several keys has as many entries.
  public struct Entry: Sendable {
    public let key: UInt64
    public let offset: UInt32
  }

  public private(set) var bytes: [UInt8] = []
  public private(set) var entries: [Entry] = []
  public private(set) var lines = 0

  public init() {}

  public var isEmpty: Bool { lines == 0 }

  /// Appends `line` (without newline) under each of `keys`; zero is no key.
  public mutating func append(_ line: [UInt8], keys: (UInt64, UInt64) = (0, 0)) {
    if keys.0 != 0 { addEntry(keys.0) }
    if keys.1 != 0 { addEntry(keys.1) }
    appendLine(line)
  }

  /// As above, without a copy of the line.
  public mutating func append(_ line: borrowing JSONLine, keys: (UInt64, UInt64)) {
    if keys.0 != 0 { addEntry(keys.0) }
    if keys.1 != 0 { addEntry(keys.1) }
    line.withBytes { bytes.append(contentsOf: $0) }
    bytes.append(UInt8(ascii: "\n"))
    lines += 1
  }

  /// As above, for records that are found by more ids than the two of a request.
  package mutating func append(_ line: [UInt8], keys: [UInt64]) {
    for key in keys { addEntry(key) }
    appendLine(line)
  }

  private mutating func addEntry(_ key: UInt64) {
    entries.append(Entry(key: key, offset: UInt32(truncatingIfNeeded: bytes.count)))
  }

  private mutating func appendLine(_ line: [UInt8]) {
    bytes.append(contentsOf: line)
    bytes.append(UInt8(ascii: "\n"))
    lines += 1
  }

  /// Hands the content over and starts empty with fresh memory.
  public mutating func take() -> LogBlock {
    let full = self
    self = LogBlock()
    bytes.reserveCapacity(full.bytes.capacity)
    entries.reserveCapacity(full.entries.capacity)
    return full
  }
}

/// The 64-bit key a log line is indexed under: FNV-1a over the id's bytes. Part of the on-disk index format, so it never
/// changes; equal keys are confirmed by reading the line.
public enum LogKey {
  public static func of(_ bytes: [UInt8]) -> UInt64 { hash(bytes) }
  public static func of(_ bytes: String.UTF8View) -> UInt64 { hash(bytes) }

  private static func hash(_ bytes: some Sequence<UInt8>) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    return hash == 0 ? 1 : hash
  }
}
