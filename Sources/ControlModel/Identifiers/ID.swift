// public: ids are passed through the request path of other targets.

/// A short opaque name, typed by what it names so that two ids cannot be swapped in a call.
///
/// The text is 1–64 bytes of `[A-Za-z0-9._-]`. Anything else is refused at the edge: an id travels unescaped into
/// headers, log lines, metric labels and file names.
public struct ID<Tag>: Hashable, Comparable, Sendable, CustomStringConvertible {
  public let text: String

  /// Longest id in bytes. Metric labels, log lines and header budgets are sized by it.
  public static var bytesMax: Int { 64 }

  /// `nil` if `text` is empty, too long or holds a byte outside the alphabet.
  public init?(_ text: some StringProtocol) {
    let bytes = text.utf8
    guard !bytes.isEmpty, bytes.count <= Self.bytesMax, bytes.allSatisfy(IDAlphabet.contains) else { return nil }
    self.text = String(text)
  }

  public var description: String { text }
  public static func < (a: Self, b: Self) -> Bool { a.text < b.text }
}

/// `[A-Za-z0-9._-]`, the one alphabet of ids and request ids.
public enum IDAlphabet {
  @inlinable
  public static func contains(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
      true
    default: false
    }
  }
}

public enum TenantTag {}
public enum UserTag {}
public enum ProfileTag {}
public enum VenueTag {}
public enum ControlTag {}
public enum ApprovalTag {}
public enum ReplicaTag {}
public enum OrderTag {}

/// A customer of the backend. Comes only from a verified token, or from an operator naming one.
public typealias TenantID = ID<TenantTag>
/// A person or service: the token's `sub`.
public typealias UserID = ID<UserTag>
/// One trading configuration of a user; unique within its tenant.
public typealias ProfileID = ID<ProfileTag>
/// A place orders are sent to, e.g. `paper`.
public typealias VenueID = ID<VenueTag>
/// One control document, `ctl_…`.
public typealias ControlID = ID<ControlTag>
/// One request for a second person's decision, `apr_…`.
public typealias ApprovalID = ID<ApprovalTag>
/// One process that runs a gate.
public typealias ReplicaID = ID<ReplicaTag>
/// Client order id: 32 lowercase hex digits, accepted by every venue we know.
public typealias OrderID = ID<OrderTag>
