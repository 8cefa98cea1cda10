/// An instrument's ticker as the venue spells it: 1–20 bytes of `[A-Z0-9./-]`.
public struct Symbol: Hashable, Comparable, Sendable, CustomStringConvertible {
  public let text: String

  public init?(_ text: some StringProtocol) {
    let bytes = text.utf8
    guard (1...20).contains(bytes.count),
      bytes.allSatisfy({
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) || (UInt8(ascii: "-")...UInt8(ascii: "9")).contains($0)
      })
    else { return nil }
    self.text = String(text)
  }

  public var description: String { text }
  public static func < (a: Self, b: Self) -> Bool { a.text < b.text }
}
