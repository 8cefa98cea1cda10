/// Reads gzip (RFC 1952, RFC 1951), bounded. Senders of OTLP may compress with it.
package enum Gzip {
  /// What was compressed; nil for what is malformed, longer than `bytesMax`, or whose length is not what it says.
  package static func inflate(_ input: [UInt8], bytesMax: Int) -> [UInt8]? {
    guard input.count >= 18, input[0] == 0x1f, input[1] == 0x8b, input[2] == 8 else { return nil }
    let flags = input[3]
    var position = 10
    if flags & 4 != 0 {
      guard position + 2 <= input.count else { return nil }
      position += 2 + (Int(input[position]) | Int(input[position + 1]) << 8)
    }
    for flag in [UInt8(8), 16] where flags & flag != 0 {
      while position < input.count, input[position] != 0 { position += 1 }
      position += 1
    }
    if flags & 2 != 0 { position += 2 }
    guard position < input.count - 8 else { return nil }
    var inflater = Inflater(input, from: position, to: input.count - 8, bytesMax: bytesMax)
    guard inflater.run() else { return nil }
    let tail = input.suffix(4).reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    return UInt32(truncatingIfNeeded: inflater.output.count) == tail ? inflater.output : nil
  }
}

/// Deflate, decoded code by code (after RFC 1951 §3.2).
private struct Inflater {
  private let input: [UInt8]
  private var position: Int
  private let end: Int
  private let bytesMax: Int
  private var bits: UInt32 = 0
  private var bitCount = 0
  private(set) var output: [UInt8] = []

  init(_ input: [UInt8], from position: Int, to end: Int, bytesMax: Int) {
    self.input = input
    self.position = position
    self.end = end
    self.bytesMax = bytesMax
  }

  /// Codes of up to 15 bits, as counts per length and symbols in order.
  private struct Huffman {
    var counts = [Int](repeating: 0, count: 16)
    var symbols: [Int] = []

    /// Nil if more codes are given than there can be.
    init?(_ lengths: some Collection<Int>) {
      for length in lengths { counts[length] += 1 }
      counts[0] = 0
      var left = 1
      for length in 1...15 {
        left = (left << 1) - counts[length]
        if left < 0 { return nil }
      }
      for length in 1...15 where counts[length] > 0 {
        for (symbol, own) in lengths.enumerated() where own == length { symbols.append(symbol) }
      }
    }
  }

  private mutating func take(_ count: Int) -> Int? {
    while bitCount < count {
      guard position < end else { return nil }
      bits |= UInt32(input[position]) << UInt32(bitCount)
      position += 1
      bitCount += 8
    }
    let value = Int(bits & ((1 << UInt32(count)) - 1))
    bits >>= UInt32(count)
    bitCount -= count
    return value
  }

  private mutating func decode(_ huffman: Huffman) -> Int? {
    var (code, first, index) = (0, 0, 0)
    for length in 1...15 {
      guard let bit = take(1) else { return nil }
      code |= bit
      let count = huffman.counts[length]
      if code - count < first { return huffman.symbols[index + code - first] }
      index += count
      first = (first + count) << 1
      code <<= 1
    }
    return nil
  }

  mutating func run() -> Bool {
    while true {
      guard let isLast = take(1), let kind = take(2) else { return false }
      switch kind {
      case 0: guard stored() else { return false }
      case 1: guard let (literals, distances) = Self.fixed, codes(literals, distances) else { return false }
      case 2: guard let (literals, distances) = dynamic(), codes(literals, distances) else { return false }
      default: return false
      }
      if isLast == 1 { return true }
    }
  }

  private mutating func stored() -> Bool {
    (bits, bitCount) = (0, 0)
    guard position + 4 <= end else { return false }
    let length = Int(input[position]) | Int(input[position + 1]) << 8
    position += 4
    guard position + length <= end, output.count + length <= bytesMax else { return false }
    output += input[position..<position + length]
    position += length
    return true
  }

  private static let fixed: (Huffman, Huffman)? = {
    let lengths = (0..<288).map { $0 < 144 ? 8 : $0 < 256 ? 9 : $0 < 280 ? 7 : 8 }
    guard let literals = Huffman(lengths), let distances = Huffman(Array(repeating: 5, count: 30)) else { return nil }
    return (literals, distances)
  }()

  private static let order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]

  private mutating func dynamic() -> (Huffman, Huffman)? {
    guard let literalCount = take(5), let distanceCount = take(5), let codeCount = take(4), literalCount <= 29 else {
      return nil
    }
    var lengths = [Int](repeating: 0, count: 19)
    for index in 0..<(codeCount + 4) {
      guard let length = take(3) else { return nil }
      lengths[Self.order[index]] = length
    }
    guard let codes = Huffman(lengths) else { return nil }
    let total = literalCount + 257 + distanceCount + 1
    var all: [Int] = []
    while all.count < total {
      guard let symbol = decode(codes) else { return nil }
      if symbol < 16 {
        all.append(symbol)
        continue
      }
      let (value, base, extra) = symbol == 16 ? (all.last ?? -1, 3, 2) : symbol == 17 ? (0, 3, 3) : (0, 11, 7)
      guard value >= 0, let more = take(extra), all.count + base + more <= total else { return nil }
      all += Array(repeating: value, count: base + more)
    }
    guard let literals = Huffman(all[..<(literalCount + 257)]), let distances = Huffman(all[(literalCount + 257)...])
    else { return nil }
    return (literals, distances)
  }

  private static let lengthBases = [
    3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
  ]
  private static let lengthBits = [
    0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
  ]
  private static let distanceBases = [
    1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145,
    8193, 12_289, 16_385, 24_577,
  ]
  private static let distanceBits = [
    0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13,
  ]

  private mutating func codes(_ literals: Huffman, _ distances: Huffman) -> Bool {
    while true {
      guard let symbol = decode(literals) else { return false }
      if symbol < 256 {
        guard output.count < bytesMax else { return false }
        output.append(UInt8(symbol))
      } else if symbol == 256 {
        return true
      } else {
        let index = symbol - 257
        guard index < Self.lengthBases.count, let more = take(Self.lengthBits[index]), let code = decode(distances),
          code < Self.distanceBases.count, let far = take(Self.distanceBits[code])
        else { return false }
        let (length, distance) = (Self.lengthBases[index] + more, Self.distanceBases[code] + far)
        guard distance <= output.count, output.count + length <= bytesMax else { return false }
        for _ in 0..<length { output.append(output[output.count - distance]) }
      }
    }
  }
}
