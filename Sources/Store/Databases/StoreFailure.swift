/// Why durable state could not be opened, read or written. One sentence for a person, with the next step.
package struct StoreFailure: Error, Equatable, Sendable, CustomStringConvertible {
  package enum Kind: String, Sendable {
    /// Another process holds the data directory.
    case locked
    /// The directory or a file cannot be created or written.
    case unwritable
    /// What is on disk is not what we wrote.
    case corrupt
    /// The state moved since it was read.
    case conflict
    /// A read or write failed; trying again may help.
    case unavailable
  }

  package let kind: Kind
  package let message: String

  package init(_ kind: Kind, _ message: String) {
    self.kind = kind
    self.message = message
  }

  package var description: String { message }
}
