/// Walks the fields of a protobuf message (https://protobuf.dev/programming-guides/encoding/), each where it lies.
struct ProtobufReader {
  enum Field {
    case varint(UInt64)
    case fixed64(UInt64)
    case fixed32(UInt32)
    case bytes(UnsafeRawBufferPointer)
  }

  private var reader: ByteReader
  /// The message is not protobuf.
  private(set) var isMalformed = false

  init(_ bytes: UnsafeRawBufferPointer) {
    reader = ByteReader(bytes)
  }

  var position: Int { reader.position }

  /// The next field and its number; nil at the end, or where the message is malformed.
  @inline(__always)
  mutating func next() -> (number: Int, field: Field)? {
    guard !reader.isAtEnd else { return nil }
    guard let tag = reader.uvarint(), tag >> 3 > 0, tag >> 3 < 1 << 29 else { return malformed() }
    let number = Int(tag >> 3)
    switch tag & 7 {
    case 0:
      guard let value = reader.uvarint() else { return malformed() }
      return (number, .varint(value))
    case 1:
      guard let value = reader.little64() else { return malformed() }
      return (number, .fixed64(value))
    case 2:
      guard let value = reader.string() else { return malformed() }
      return (number, .bytes(value))
    case 5:
      guard let value = reader.take(4) else { return malformed() }
      return (number, .fixed32(UInt32(littleEndian: value.loadUnaligned(as: UInt32.self))))
    default: return malformed()
    }
  }

  private mutating func malformed() -> (number: Int, field: Field)? {
    isMalformed = true
    return nil
  }
}

extension [UInt8] {
  /// A field of bytes, with its number.
  mutating func append(field number: Int, bytes: some Collection<UInt8>) {
    append(uvarint: UInt64(number << 3 | 2))
    append(string: bytes)
  }
}
