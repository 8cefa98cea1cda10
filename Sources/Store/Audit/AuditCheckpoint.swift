import Foundation

/// A signed statement of how the log stood: C2SP tlog-checkpoint in a C2SP signed note.
///
/// ```
/// breakwater-audit/0123456789abcdef
/// 48214
/// <base64 of the tree head>
///
/// — breakwater-audit/0123456789abcdef <base64 of the key id and the signature>
/// ```
package struct AuditCheckpoint: Sendable, Equatable {
  package let origin: String
  package let size: Int64
  package let root: [UInt8]
  /// The whole note, as it is kept and handed out.
  package let note: String
  private let signatures: [(name: String, bytes: [UInt8])]

  /// Signs how the log stands.
  package init(size: Int64, root: [UInt8], signedBy key: AuditKey) {
    let origin = key.verifier.name
    let text = Self.text(origin, size, root)
    let bytes = key.verifier.id + key.sign(Array(text.utf8))
    self.origin = origin
    self.size = size
    self.root = root
    signatures = [(origin, bytes)]
    note = text + "\n\u{2014} \(origin) \(Data(bytes).base64EncodedString())\n"
  }

  /// Reads a note; nil if it is none. Whether it is signed is for `isSigned` to say.
  package init?(note: String) {
    guard let end = note.range(of: "\n\n") else { return nil }
    let lines = note[..<end.lowerBound].split(separator: "\n", omittingEmptySubsequences: false)
    guard lines.count == 3, let size = Int64(lines[1]), size >= 0, String(size) == lines[1],
      let root = Data(base64Encoded: String(lines[2])), root.count == MerkleHash.byteCount,
      root.base64EncodedString() == lines[2]
    else { return nil }
    var signatures: [(name: String, bytes: [UInt8])] = []
    for line in note[end.upperBound...].split(separator: "\n") {
      let parts = line.split(separator: " ")
      guard parts.count == 3, parts[0] == "\u{2014}", let bytes = Data(base64Encoded: String(parts[2])),
        bytes.base64EncodedString() == parts[2]
      else { return nil }
      signatures.append((String(parts[1]), Array(bytes)))
    }
    guard !signatures.isEmpty, note.hasSuffix("\n") else { return nil }
    origin = String(lines[0])
    self.size = size
    self.root = Array(root)
    self.note = note
    self.signatures = signatures
  }

  /// Whether one of `keys` signed it. Other signatures, a witness's for example, do no harm.
  package func isSigned(by keys: [AuditVerifierKey]) -> Bool {
    let text = Array(Self.text(origin, size, root).utf8)
    return keys.contains { key in
      key.name == origin
        && signatures.contains {
          $0.name == key.name && Array($0.bytes.prefix(4)) == key.id
            && key.isValid(Array($0.bytes.dropFirst(4)), over: text)
        }
    }
  }

  private static func text(_ origin: String, _ size: Int64, _ root: [UInt8]) -> String {
    "\(origin)\n\(size)\n\(Data(root).base64EncodedString())\n"
  }

  /// Notes one after another, as a witness file holds them. nil if any of it is something else; what follows the last
  /// newline was cut short by a crash and is left out.
  package static func sequence(_ text: String) -> [AuditCheckpoint]? {
    var notes: [AuditCheckpoint] = []
    var lines: [Substring] = []
    func take() -> Bool {
      guard !lines.isEmpty else { return true }
      guard let note = AuditCheckpoint(note: lines.joined(separator: "\n") + "\n") else { return false }
      notes.append(note)
      lines = []
      return true
    }
    var all = text.split(separator: "\n", omittingEmptySubsequences: false)
    _ = all.popLast()
    for line in all {
      let isSignature = line.hasPrefix("\u{2014} ")
      if !isSignature, lines.last?.hasPrefix("\u{2014} ") == true, !take() { return nil }
      lines.append(line)
    }
    // A note without its signature yet was cut short.
    guard lines.last?.hasPrefix("\u{2014} ") == true else { return notes }
    return take() ? notes : nil
  }

  package static func == (left: AuditCheckpoint, right: AuditCheckpoint) -> Bool { left.note == right.note }
}
