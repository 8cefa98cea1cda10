import NIOCore

/// What client connections read into: memory of their event loop that goes from one connection to the next, so that an idle
/// one holds none.
///
/// NIO keeps the first buffer of a connection for as long as it is open, and every other one only where a connection reads
/// several times in a row. So the first buffer is tiny, connections read once a turn, and what they have read goes back to
/// `ReadBuffers` when it has been used. 5,000 idle connections held 10 MiB more with NIO's own buffers.
struct ClientReadBuffers: RecvByteBufferAllocator {
  private static let firstBytes = 16
  private static let bytesMax = 64 * 1024

  private let loop: NIOLoopBound<LoopContext>
  private var hasRead = false
  private var sizes = AdaptiveRecvByteBufferAllocator(
    minimum: ReadBuffers.bytes, initial: ReadBuffers.bytes, maximum: bytesMax)

  init(_ loop: LoopContext) {
    self.loop = NIOLoopBound(loop, eventLoop: loop.eventLoop)
  }

  func buffer(allocator: ByteBufferAllocator) -> ByteBuffer {
    guard hasRead else { return allocator.buffer(capacity: Self.firstBytes) }
    let bytes = sizes.nextBufferSize() ?? ReadBuffers.bytes
    guard bytes == ReadBuffers.bytes else { return allocator.buffer(capacity: bytes) }
    return loop.value.readBuffers.take(allocator)
  }

  /// Always true: the connection asks for a buffer each time and keeps none.
  mutating func record(actualReadBytes: Int) -> Bool {
    if hasRead { _ = sizes.record(actualReadBytes: actualReadBytes) }
    hasRead = true
    return true
  }

  /// No hint: with one, NIO would use the first buffer again.
  func nextBufferSize() -> Int? { nil }
}

/// Read buffers nobody uses at the moment.
struct ReadBuffers {
  /// A request head with a token fits in most cases.
  static let bytes = 2048
  /// As many as are in use at once on a busy loop.
  private static let countMax = 64

  private var unused: [ByteBuffer] = []

  mutating func take(_ allocator: ByteBufferAllocator) -> ByteBuffer {
    while var buffer = unused.popLast() {
      // Still somebody's, as when a request ends while it is being worked on: dropped here, freed there.
      if buffer.modifyIfUniquelyOwned({ $0.clear() }) != nil { return buffer }
    }
    return allocator.buffer(capacity: Self.bytes)
  }

  /// Takes a buffer whose content has been used.
  mutating func giveBack(_ buffer: ByteBuffer) {
    guard buffer.storageCapacity == Self.bytes, unused.count < Self.countMax else { return }
    unused.append(buffer)
  }
}
