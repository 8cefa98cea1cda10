package import ControlModel
import Crypto
import Strategy
import Telemetry
package import Venues

/// Client order ids: 32 lowercase hex digits derived from what the order is for, so that deciding the same thing twice,
/// before or after a crash, names the same order and cannot place two.
package enum OrderIDs {
  /// The signal's own name: one per profile, bar, direction, action and strategy.
  package static func signal(_ identity: String, of account: VenueAccount) -> String {
    digest("signal|\(account.tenant)|\(account.profile)|\(identity)")
  }

  package static func entry(signal: String) -> OrderID { id("order|\(signal)") }

  /// A person's order: the same idempotency key, or the same request, is the same order.
  package static func manual(_ key: String, of account: VenueAccount) -> OrderID {
    id("manual|\(account.tenant)|\(account.profile)|\(key)")
  }

  static func protection(of parent: OrderID) -> OrderID? { ID(digest("protection|\(parent)")) }

  private static func id(_ text: String) -> OrderID {
    guard let id = OrderID(digest(text)) else { preconditionFailure("32 hex digits are an id") }
    return id
  }

  private static func digest(_ text: String) -> String {
    Hex.text(SHA256.hash(data: Array(text.utf8)).prefix(16))
  }
}
