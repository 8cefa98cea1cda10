/// JSON as a security boundary needs it: RFC 8259 to the letter, plus the rules without which two programs read two
/// meanings into one text. Refused everywhere: duplicate names (compared after unescaping), a byte order mark,
/// invalid UTF-8, lone surrogates, and nesting or size past the limits.
package enum StrictJSON {
  /// Bounds of one document. A parser without them lets a caller choose our stack depth and memory.
  package struct Limits: Sendable {
    /// Nested arrays and objects.
    package let depthMax: Int
    package let bytesMax: Int
    /// Values and names together; 16 bytes of memory each while the document lives.
    package let nodesMax: Int

    package init(depthMax: Int, bytesMax: Int, nodesMax: Int) {
      precondition(bytesMax <= Int(UInt32.max), "Offsets are 32 bits wide; bytesMax is \(bytesMax)")
      self.depthMax = depthMax
      self.bytesMax = bytesMax
      self.nodesMax = nodesMax
    }

    /// A JOSE header or claims set: issuers nest three or four levels (`realm_access.roles`).
    package static let token = Limits(depthMax: 16, bytesMax: 8192, nodesMax: 2048)
    /// A JWKS: 32 keys of a few kilobytes.
    package static let keySet = Limits(depthMax: 8, bytesMax: 65_536, nodesMax: 4096)
    /// A request body: as deep as the order and admin APIs ever go, with room.
    package static let body = Limits(depthMax: 32, bytesMax: 1 << 20, nodesMax: 65_536)
  }

  /// What is wrong with a document, and the byte at which it was noticed.
  package struct Problem: Error, Equatable, Sendable, CustomStringConvertible {
    package enum Kind: String, Sendable {
      case syntax = "is not JSON"
      case duplicateName = "has a name twice"
      case tooDeep = "is nested too deeply"
      case tooLarge = "is too large"
      case byteOrderMark = "begins with a byte order mark"
      case invalidUTF8 = "is not UTF-8"
      case loneSurrogate = "has half a surrogate pair"
    }
    package let kind: Kind
    package let offset: Int

    package var description: String { "\(kind.rawValue) (byte \(offset))" }
  }

  /// Checks `bytes` and keeps nothing.
  package static func validate(_ bytes: Span<UInt8>, _ limits: Limits = .body) throws(Problem) {
    var scanner = JSONScanner(limits)
    try scanner.scan(bytes)
  }
}
