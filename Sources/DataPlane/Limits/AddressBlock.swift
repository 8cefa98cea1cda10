/// A block of IP addresses in CIDR form, e.g. `10.0.0.0/8` or `fd00::/8`; a bare address is a block of one.
package struct AddressBlock: Sendable, Equatable {
  private let bytes: [UInt8]
  private let prefix: Int

  /// Nil unless `text` is an IPv4 or IPv6 address with an optional prefix length.
  package init?(_ text: some StringProtocol) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard (1...2).contains(parts.count), let bytes = Self.address(parts[0]) else { return nil }
    let prefix = parts.count == 2 ? Int(parts[1]) : bytes.count * 8
    guard let prefix, (0...bytes.count * 8).contains(prefix) else { return nil }
    self.bytes = bytes
    self.prefix = prefix
  }

  /// Whether the block holds an address. An IPv4 address is not in an IPv6 block.
  package func contains(_ address: some StringProtocol) -> Bool {
    guard let other = Self.address(address), other.count == bytes.count else { return false }
    for bit in 0..<prefix {
      let mask = UInt8(0x80) >> UInt8(bit & 7)
      if bytes[bit >> 3] & mask != other[bit >> 3] & mask { return false }
    }
    return true
  }

  /// An IPv4 address as itself also where a socket that listens on `::` shows it as `::ffff:192.0.2.1`.
  static func withoutMapping(_ address: String) -> String {
    address.lowercased().hasPrefix("::ffff:") && address.contains(".") ? String(address.dropFirst(7)) : address
  }

  /// Who an address belongs to, as far as limits go: itself, or the first 64 bits of an IPv6 address.
  static func holder(of address: String) -> String {
    guard address.contains(":"), let bytes = ipv6(address) else { return address }
    return stride(from: 0, to: 8, by: 2).map { String(Int(bytes[$0]) << 8 | Int(bytes[$0 + 1]), radix: 16) }
      .joined(separator: ":") + "::/64"
  }

  private static func address(_ text: some StringProtocol) -> [UInt8]? {
    text.contains(":") ? ipv6(text) : ipv4(text)
  }

  private static func ipv4(_ text: some StringProtocol) -> [UInt8]? {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 4 else { return nil }
    var bytes: [UInt8] = []
    for part in parts {
      guard (1...3).contains(part.utf8.count), part.utf8.allSatisfy({ (48...57).contains($0) }), let byte = UInt8(part)
      else { return nil }
      bytes.append(byte)
    }
    return bytes
  }

  private static func ipv6(_ text: some StringProtocol) -> [UInt8]? {
    let halves = String(text).split(separator: "::", omittingEmptySubsequences: false).map(String.init)
    guard halves.count <= 2 else { return nil }
    let groups = halves.map { half in half.isEmpty ? [] : half.split(separator: ":", omittingEmptySubsequences: false) }
    let given = groups.reduce(0) { $0 + $1.count }
    guard halves.count == 2 ? given < 8 : given == 8 else { return nil }
    let zeros = [Substring](repeating: "0", count: 8 - given)
    let all = halves.count == 2 ? groups[0] + zeros + groups[1] : groups[0]
    var bytes: [UInt8] = []
    for group in all {
      guard (1...4).contains(group.utf8.count), let value = UInt16(group, radix: 16) else { return nil }
      bytes += [UInt8(value >> 8), UInt8(value & 0xff)]
    }
    return bytes
  }
}
