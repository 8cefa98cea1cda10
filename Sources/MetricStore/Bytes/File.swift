#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Why a file of the metric store could not be used, for a person.
package struct MetricFileError: Error, CustomStringConvertible, Equatable {
  package let description: String

  init(_ what: String, _ path: String, errno number: Int32 = errno) {
    description = "\(path) cannot be \(what): \(String(cString: strerror(number)))"
  }

  init(damaged path: String, _ what: String) {
    description = "\(path) is damaged: \(what)"
  }
}

/// A whole file as memory. Its pages are the kernel's to drop, so that blocks cost no memory while nobody reads them.
final class MappedFile: Sendable {
  let path: String
  private let address: UInt
  private let size: Int

  /// Never written, unmapped when the last reader lets go.
  var bytes: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: UnsafeRawPointer(bitPattern: address), count: size)
  }

  init(_ path: String) throws(MetricFileError) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw MetricFileError("opened", path) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw MetricFileError("read", path) }
    let size = Int(status.st_size)
    guard size > 0 else { throw MetricFileError(damaged: path, "it is empty") }
    guard let start = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0), start != MAP_FAILED else {
      throw MetricFileError("mapped", path)
    }
    self.path = path
    address = UInt(bitPattern: start)
    self.size = size
  }

  deinit {
    munmap(UnsafeMutableRawPointer(bitPattern: address), size)
  }
}

/// A file being written from its start to its end. Closed when it goes away.
struct OutputFile: ~Copyable {
  let path: String
  private let descriptor: Int32
  /// Bytes handed over so far.
  private(set) var size = 0
  private var buffer: [UInt8] = []

  private static let bufferBytes = 256 * 1024

  /// Creates `path`, which must not exist.
  init(creating path: String) throws(MetricFileError) {
    descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw MetricFileError("created", path) }
    self.path = path
  }

  deinit { close(descriptor) }

  mutating func write(_ bytes: [UInt8]) throws(MetricFileError) {
    size += bytes.count
    buffer += bytes
    if buffer.count >= Self.bufferBytes { try flush() }
  }

  mutating func write(_ bytes: UnsafeRawBufferPointer) throws(MetricFileError) {
    size += bytes.count
    buffer.append(contentsOf: bytes)
    if buffer.count >= Self.bufferBytes { try flush() }
  }

  mutating func flush() throws(MetricFileError) {
    guard Files.write(buffer, to: descriptor) else { throw MetricFileError("written", path) }
    buffer.removeAll(keepingCapacity: true)
  }

  /// Everything on the disk itself.
  mutating func sync() throws(MetricFileError) {
    try flush()
    guard fsync(descriptor) == 0 else { throw MetricFileError("written", path) }
  }
}

/// What the store does with folders and files.
enum Files {
  /// All of `bytes`, in as many calls as it takes.
  static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
    bytes.withUnsafeBytes { bytes in
      var done = 0
      while done < bytes.count {
        let count = SystemCalls.write(descriptor, bytes.baseAddress?.advanced(by: done), bytes.count - done)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return false }
        done += count
      }
      return true
    }
  }

  static func makeFolder(_ path: String) throws(MetricFileError) {
    guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw MetricFileError("created", path) }
  }

  /// Names in a folder, sorted; none if it cannot be read.
  static func names(in path: String) -> [String] {
    guard let folder = opendir(path) else { return [] }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  /// Makes names that were added, changed or removed in a folder last.
  static func syncFolder(_ path: String) throws(MetricFileError) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw MetricFileError("opened", path) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw MetricFileError("written", path) }
  }

  static func move(_ path: String, to new: String) throws(MetricFileError) {
    guard rename(path, new) == 0 else { throw MetricFileError("renamed", path) }
  }

  static func removeFile(_ path: String) { unlink(path) }

  /// Removes a folder of files and folders of files.
  static func removeFolder(_ path: String) {
    for name in names(in: path) {
      let inner = path + "/" + name
      if unlink(inner) != 0 { removeFolder(inner) }
    }
    rmdir(path)
  }

  static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  static func size(of path: String) -> Int {
    var status = stat()
    return stat(path, &status) == 0 ? Int(status.st_size) : 0
  }

  /// A second name for the same file; a copy would take as long as the file is large.
  static func link(_ path: String, at new: String) throws(MetricFileError) {
    guard SystemCalls.link(path, new) == 0 else { throw MetricFileError("linked", path) }
  }

  /// As read(2).
  static func read(_ descriptor: Int32, _ bytes: UnsafeMutableRawPointer?, _ count: Int) -> Int {
    bytes.map { SystemCalls.read(descriptor, $0, count) } ?? -1
  }

  /// A small file as a whole.
  static func read(_ path: String, bytesMax: Int) throws(MetricFileError) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw MetricFileError("opened", path) }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 64 * 1024)
    while true {
      let count = SystemCalls.read(descriptor, &part, part.count)
      guard count >= 0 else { throw MetricFileError("read", path) }
      if count == 0 { return bytes }
      bytes += part[..<count]
      guard bytes.count <= bytesMax else { throw MetricFileError(damaged: path, "it is longer than \(bytesMax) bytes") }
    }
  }
}

/// System calls whose names are taken by methods above.
private enum SystemCalls {
  static func write(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
    #if canImport(Glibc)
      Glibc.write(descriptor, bytes, count)
    #else
      Darwin.write(descriptor, bytes, count)
    #endif
  }

  static func read(_ descriptor: Int32, _ bytes: UnsafeMutableRawPointer, _ count: Int) -> Int {
    #if canImport(Glibc)
      Glibc.read(descriptor, bytes, count)
    #else
      Darwin.read(descriptor, bytes, count)
    #endif
  }

  static func link(_ path: String, _ new: String) -> Int32 {
    #if canImport(Glibc)
      Glibc.link(path, new)
    #else
      Darwin.link(path, new)
    #endif
  }
}
