// public and inlinable: heads and access lines are written with it, some eighty pieces per request.

/// Writes bytes one piece after another into memory that is kept from use to use. A piece costs one check of the room that
/// is left, where appending to an array or a `ByteBuffer` costs several.
@frozen
public struct ByteWriter: ~Copyable {
  /// Owned; nobody else has it, so writing needs no check of who does.
  @usableFromInline var memory: UnsafeMutablePointer<UInt8>
  @usableFromInline var capacity: Int
  @usableFromInline var used = 0

  public init(capacity: Int = 512) {
    self.capacity = max(16, capacity)
    memory = .allocate(capacity: self.capacity)
  }

  @inlinable deinit { memory.deallocate() }

  @inlinable public var count: Int { used }
  @inlinable public var isEmpty: Bool { used == 0 }

  /// Forgets what was written and keeps the memory.
  @inlinable public mutating func removeAll() { used = 0 }

  /// A copy of what was written.
  public var bytes: [UInt8] { withBytes { Array($0) } }

  @inlinable
  public func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    body(UnsafeRawBufferPointer(start: memory, count: used))
  }

  /// Makes room for `most` bytes and has `write` fill some of them; it returns how many.
  @inlinable @inline(__always)
  mutating func place(_ most: Int, _ write: (UnsafeMutablePointer<UInt8>) -> Int) {
    if capacity - used < most { grow(most) }
    let count = write(memory + used)
    assert(count <= most, "more was written than there is room for")
    used += count
  }

  @inline(never) @usableFromInline
  mutating func grow(_ most: Int) {
    let room = capacity + max(most, capacity)
    let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: room)
    larger.update(from: memory, count: used)
    memory.deallocate()
    (memory, capacity) = (larger, room)
  }

  @inlinable
  public mutating func append(_ byte: UInt8) {
    place(1) {
      $0.pointee = byte
      return 1
    }
  }

  @inlinable
  public mutating func append(_ text: StaticString) {
    let count = text.utf8CodeUnitCount
    place(count) {
      $0.update(from: text.utf8Start, count: count)
      return count
    }
  }

  @inlinable
  public mutating func append(_ bytes: Span<UInt8>) {
    bytes.withUnsafeBufferPointer { append($0) }
  }

  @inlinable
  public mutating func append(_ bytes: [UInt8]) {
    bytes.withUnsafeBufferPointer { append($0) }
  }

  @inlinable
  public mutating func append(_ other: borrowing ByteWriter) {
    other.withBytes { append($0.bindMemory(to: UInt8.self)) }
  }

  @inlinable
  public mutating func append(_ bytes: UnsafeBufferPointer<UInt8>) {
    guard let base = bytes.baseAddress else { return }
    place(bytes.count) {
      $0.update(from: base, count: bytes.count)
      return bytes.count
    }
  }

  @inlinable
  public mutating func append(_ text: String.UTF8View) {
    let isDone: Void? = text.withContiguousStorageIfAvailable { append($0) }
    if isDone == nil { append(Array(text)) }
  }

  /// Decimal digits of a number.
  public mutating func append(decimal value: Int) {
    if value >= 0, value < 10 { return append(UInt8(truncatingIfNeeded: 48 + value)) }
    var digits = 1
    var bound: UInt = 10
    while digits < 19, value.magnitude >= bound {
      digits += 1
      bound *= 10
    }
    let sign = value < 0 ? 1 : 0
    place(digits + sign) { memory in
      if sign == 1 { memory.pointee = UInt8(ascii: "-") }
      var rest = value.magnitude
      var index = digits + sign
      while index > sign {
        index -= 1
        memory[index] = UInt8(truncatingIfNeeded: 48 + rest % 10)
        rest /= 10
      }
      return digits + sign
    }
  }

  /// The sixteen lower-case hexadecimal digits of a word.
  public mutating func append(hex word: UInt64) {
    place(16) { memory in
      let (high, low) = Hex.digits(word)
      let raw = UnsafeMutableRawPointer(memory)
      raw.storeBytes(of: high.bigEndian, as: UInt64.self)
      raw.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
      return 16
    }
  }
}
