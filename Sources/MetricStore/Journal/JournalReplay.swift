import PromQL

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Reads journal segments back, oldest first, a record at a time: memory is bounded by one record and the series of one
/// segment, however long the journal is.
struct JournalReplay {
  let folder: String

  /// Calls `visit` with every whole record. A record that is torn, whose checksum is wrong or that `visit` refuses ends its
  /// segment; the numbers of such segments are returned. The newest is one whenever the process was killed while writing.
  func run(_ visit: (_ segment: UInt32, _ payload: UnsafeRawBufferPointer) -> Bool) -> [UInt32] {
    var damaged: [UInt32] = []
    for name in Files.names(in: folder) where name.hasSuffix(MetricJournal.suffix) {
      guard let number = UInt32(name.dropLast(MetricJournal.suffix.utf8.count)) else { continue }
      if !read(folder + "/" + name, { visit(number, $0) }) { damaged.append(number) }
    }
    return damaged
  }

  /// False if the segment does not end after a whole record.
  private func read(_ path: String, _ visit: (UnsafeRawBufferPointer) -> Bool) -> Bool {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var buffer = [UInt8](repeating: 0, count: 256 * 1024)
    var (start, end) = (0, 0)
    // True once `count` bytes lie at `start`.
    func fill(_ count: Int) -> Bool {
      if end - start >= count { return true }
      if start > 0 {
        buffer.withUnsafeMutableBytes { bytes in
          if let base = bytes.baseAddress { memmove(base, base + start, end - start) }
        }
        (start, end) = (0, end - start)
      }
      if count > buffer.count { buffer += [UInt8](repeating: 0, count: count - buffer.count) }
      while end < count {
        let got = buffer.withUnsafeMutableBytes {
          Files.read(descriptor, $0.baseAddress?.advanced(by: end), $0.count - end)
        }
        if got <= 0 { return false }
        end += got
      }
      return true
    }
    guard fill(MetricJournal.magic.count), Array(buffer[..<MetricJournal.magic.count]) == MetricJournal.magic else {
      return false
    }
    start = MetricJournal.magic.count
    while fill(MetricJournal.Record.headBytes) {
      let (length, checksum) = buffer.withUnsafeBytes { bytes in
        (
          Int(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: start, as: UInt32.self))),
          UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: start + 4, as: UInt32.self))
        )
      }
      guard length > 0, length <= MetricJournal.Record.bytesMax, fill(MetricJournal.Record.headBytes + length) else {
        return false
      }
      let isGood = buffer.withUnsafeBytes { bytes in
        let first = start + MetricJournal.Record.headBytes
        let payload = UnsafeRawBufferPointer(rebasing: bytes[first..<first + length])
        return CRC32C.of(payload) == checksum && visit(payload)
      }
      guard isGood else { return false }
      start += MetricJournal.Record.headBytes + length
    }
    return start == end
  }
}
