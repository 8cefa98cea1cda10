import NIOCore

/// Who a trusted proxy says the client is.
extension PeerAddress {
  /// The client behind this proxy: in `X-Forwarded-For` or `Forwarded` (RFC 7239), read from the end over all their
  /// lines, the first address that is not itself one of our proxies. What stands before it was written by the client
  /// and proves nothing; where the list ends in something else than an address, the proxy itself counts.
  ///
  /// A proxy states one of the two and passes on what it got of the other, so two that disagree prove nothing either.
  func client(_ fields: [Field], _ bytes: Span<UInt8>, _ proxies: [AddressBlock]) -> PeerAddress {
    // A proxy that says nothing of the kind is taken to have got what we got.
    var older = Claim(isSecure: isSecure)
    var standard = Claim()
    for field in fields {
      switch field.kind {
      case .forwardedFor:
        FieldSyntax.forEachElement(bytes, field.value) { older.nodes.append($0) }
        older.isMade = true
      case .forwardedProto: older.isSecure = FieldSyntax.equals(bytes, field.value, "https")
      case .forwarded:
        ForwardedElements.read(bytes, field.value, into: &standard)
        standard.isMade = true
      default: break
      }
    }
    switch (standard.isMade, older.isMade) {
    case (false, _): return made(of: address(older, bytes, proxies), isSecure: older.isSecure)
    case (true, false): return made(of: address(standard, bytes, proxies), isSecure: standard.isSecure)
    case (true, true):
      let claimed = address(standard, bytes, proxies)
      let isAgreed = claimed == address(older, bytes, proxies)
      return made(of: isAgreed ? claimed : text, isSecure: standard.isSecure && older.isSecure)
    }
  }

  private func made(of address: String, isSecure: Bool) -> PeerAddress {
    PeerAddress(address, isSecure: isSecure, trusting: [])
  }

  private func address(_ claim: Claim, _ bytes: Span<UInt8>, _ proxies: [AddressBlock]) -> String {
    var client = text
    for node in claim.nodes.reversed() {
      guard let address = NodeSyntax.address(bytes, node) else { break }
      client = address
      if !proxies.contains(where: { $0.contains(address) }) { break }
    }
    return client
  }

  /// What one of the two spellings says; nodes in the order added, an empty one for what cannot be read.
  struct Claim {
    var isMade = false
    var nodes: [Range<Int>] = []
    var isSecure = false
  }
}

/// `Forwarded` (RFC 7239 §4): elements between commas, `name=value` pairs between semicolons, values tokens or quoted.
private enum ForwardedElements {
  static func read(_ bytes: Span<UInt8>, _ value: Range<Int>, into claim: inout PeerAddress.Claim) {
    var start = value.lowerBound
    var node: Range<Int>?
    var isSecure = false
    var isQuoted = false
    for index in value.lowerBound...value.upperBound {
      let isEnd = index == value.upperBound
      if !isEnd, bytes[index] == quote { isQuoted.toggle() }
      guard isEnd || (!isQuoted && (bytes[index] == comma || bytes[index] == semicolon)) else { continue }
      let pair = FieldSyntax.trimmed(bytes, start..<index)
      start = index + 1
      if ByteScan.matches(bytes, at: pair.lowerBound, "for="), pair.count >= 4 {
        // Twice in one element, it names nobody.
        node =
          node == nil ? unquoted(bytes, (pair.lowerBound + 4)..<pair.upperBound) : pair.lowerBound..<pair.lowerBound
      } else if FieldSyntax.equals(bytes, pair, "proto=https") {
        isSecure = true
      }
      guard isEnd || bytes[index] == comma else { continue }
      claim.nodes.append(isQuoted ? index..<index : node ?? index..<index)
      claim.isSecure = isSecure
      node = nil
      isSecure = false
    }
  }

  private static let quote = UInt8(ascii: "\"")
  private static let semicolon = UInt8(ascii: ";")

  private static func unquoted(_ bytes: Span<UInt8>, _ value: Range<Int>) -> Range<Int> {
    guard value.count >= 2, bytes[value.lowerBound] == quote, bytes[value.upperBound - 1] == quote else { return value }
    return (value.lowerBound + 1)..<(value.upperBound - 1)
  }
}

/// A node of either field: an IPv4 address, an IPv6 address with or without brackets, each with an optional port.
private enum NodeSyntax {
  /// Longest text of an address with brackets and port.
  private static let bytesMax = 64

  static func address(_ bytes: Span<UInt8>, _ node: Range<Int>) -> String? {
    guard !node.isEmpty, node.count <= bytesMax else { return nil }
    var host = node
    if bytes[node.lowerBound] == UInt8(ascii: "[") {
      guard let end = node.first(where: { bytes[$0] == UInt8(ascii: "]") }) else { return nil }
      guard isPort(bytes, (end + 1)..<node.upperBound) else { return nil }
      host = (node.lowerBound + 1)..<end
    } else if let mark = node.first(where: { bytes[$0] == colon }),
      !node.dropFirst(mark + 1 - node.lowerBound).contains(where: { bytes[$0] == colon })
    {
      guard isPort(bytes, mark..<node.upperBound) else { return nil }
      host = node.lowerBound..<mark
    }
    let text = AddressBlock.withoutMapping(String(decoding: Array(copying: bytes.extracting(host)), as: UTF8.self))
    return AddressBlock(text) != nil && !text.utf8.contains(slash) ? text : nil
  }

  private static func isPort(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
    guard !range.isEmpty else { return true }
    return bytes[range.lowerBound] == colon && ByteScan.decimal(bytes, range.dropFirst()) != nil
  }
}
