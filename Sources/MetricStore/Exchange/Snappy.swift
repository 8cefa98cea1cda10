/// Snappy's block format (https://github.com/google/snappy/blob/main/format_description.txt), which remote_write speaks.
enum Snappy {
  /// The bytes that were compressed; nil for what is malformed or longer than `bytesMax`.
  static func decompress(_ input: UnsafeRawBufferPointer, bytesMax: Int) -> [UInt8]? {
    var reader = ByteReader(input)
    guard let length = reader.uvarint(), length <= UInt64(bytesMax) else { return nil }
    let size = Int(length)
    var isGood = false
    let output = [UInt8](unsafeUninitializedCapacity: size) { out, count in
      isGood = expand(input, from: reader.position, into: out, size)
      count = isGood ? size : 0
    }
    return isGood ? output : nil
  }

  private static func expand(
    _ input: UnsafeRawBufferPointer, from start: Int, into out: UnsafeMutableBufferPointer<UInt8>, _ size: Int
  ) -> Bool {
    guard size > 0 else { return start == input.count }
    guard let source = input.baseAddress, let target = out.baseAddress.map(UnsafeMutableRawPointer.init) else {
      return false
    }
    var position = start
    var written = 0
    while position < input.count {
      let tag = Int(input[position])
      position += 1
      var length = (tag >> 2) + 1
      var offset = 0
      switch tag & 3 {
      case 0:
        if length > 60 {
          let bytes = length - 60
          guard position + bytes <= input.count else { return false }
          length = 0
          for index in 0..<bytes { length |= Int(input[position + index]) << (8 * index) }
          length += 1
          position += bytes
        }
        guard length <= input.count - position, length <= size - written else { return false }
        (target + written).copyMemory(from: source + position, byteCount: length)
        position += length
        written += length
        continue
      case 1:
        guard position < input.count else { return false }
        length = (tag >> 2 & 7) + 4
        offset = (tag >> 5) << 8 | Int(input[position])
        position += 1
      case 2:
        guard position + 2 <= input.count else { return false }
        offset = Int(input[position]) | Int(input[position + 1]) << 8
        position += 2
      default:
        guard position + 4 <= input.count else { return false }
        for index in 0..<4 { offset |= Int(input[position + index]) << (8 * index) }
        position += 4
      }
      guard offset > 0, offset <= written, length <= size - written else { return false }
      if offset >= length {
        (target + written).copyMemory(from: target + (written - offset), byteCount: length)
      } else {
        // The copy may reach into what it is writing: a run.
        for index in 0..<length { out[written + index] = out[written + index - offset] }
      }
      written += length
    }
    return written == size
  }

  private static let hashBits = 14

  /// Any bytes, compressed block by block of 64 KiB.
  static func compress(_ input: [UInt8]) -> [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(input.count / 2 + 16)
    out.append(uvarint: UInt64(input.count))
    var table = [Int32](repeating: -1, count: 1 << hashBits)
    input.withUnsafeBytes { bytes in
      var start = 0
      while start < bytes.count {
        let end = min(start + 65_536, bytes.count)
        for index in table.indices { table[index] = -1 }
        compressBlock(UnsafeRawBufferPointer(rebasing: bytes[start..<end]), &table, &out)
        start = end
      }
    }
    return out
  }

  private static func compressBlock(_ block: UnsafeRawBufferPointer, _ table: inout [Int32], _ out: inout [UInt8]) {
    var position = 0
    var literal = 0
    while position + 4 <= block.count {
      let word = block.loadUnaligned(fromByteOffset: position, as: UInt32.self)
      let slot = Int((word &* 0x1e35_a7bd) >> UInt32(32 - hashBits))
      let candidate = Int(table[slot])
      table[slot] = Int32(position)
      guard candidate >= 0, block.loadUnaligned(fromByteOffset: candidate, as: UInt32.self) == word else {
        position += 1
        continue
      }
      var length = 4
      while position + length < block.count, block[candidate + length] == block[position + length] { length += 1 }
      appendLiteral(UnsafeRawBufferPointer(rebasing: block[literal..<position]), &out)
      appendCopy(offset: position - candidate, length: length, &out)
      position += length
      literal = position
    }
    appendLiteral(UnsafeRawBufferPointer(rebasing: block[literal...]), &out)
  }

  private static func appendLiteral(_ bytes: UnsafeRawBufferPointer, _ out: inout [UInt8]) {
    guard bytes.count > 0 else { return }
    let length = bytes.count - 1
    if length < 60 {
      out.append(UInt8(length << 2))
    } else if length < 256 {
      out += [60 << 2, UInt8(length)]
    } else {
      out += [61 << 2, UInt8(length & 0xff), UInt8(length >> 8)]
    }
    out.append(contentsOf: bytes)
  }

  private static func appendCopy(offset: Int, length: Int, _ out: inout [UInt8]) {
    var left = length
    while left > 0 {
      // What is left over must be long enough for a copy of its own.
      let part = left > 64 ? (left < 68 ? 60 : 64) : left
      out += [UInt8((part - 1) << 2 | 2), UInt8(offset & 0xff), UInt8(offset >> 8)]
      left -= part
    }
  }
}
