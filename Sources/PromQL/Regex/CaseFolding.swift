/// The characters `(?i)` treats as one, e.g. k, K and the Kelvin sign.
enum CaseFolding {
  /// Always contains `scalar`; at most a handful of others.
  static func variants(of scalar: UInt32) -> [UInt32] {
    var found = [scalar]
    var next = 0
    while next < found.count {
      for variant in direct(found[next]) where !found.contains(variant) { found.append(variant) }
      next += 1
    }
    return found
  }

  private static func direct(_ value: UInt32) -> [UInt32] {
    switch value {
    // The two ASCII letters with a third case beyond ASCII, which no mapping of the letter itself leads to.
    case 0x4B, 0x6B: return [0x4B, 0x6B, 0x212A]
    case 0x53, 0x73: return [0x53, 0x73, 0x17F]
    case 0x41...0x5A, 0x61...0x7A: return [value ^ 0x20]
    case 0..<0x80: return []
    default:
      guard let properties = Unicode.Scalar(value)?.properties else { return [] }
      let mappings = [properties.lowercaseMapping, properties.uppercaseMapping]
      return mappings.compactMap { $0.unicodeScalars.count == 1 ? $0.unicodeScalars.first?.value : nil }
    }
  }
}
