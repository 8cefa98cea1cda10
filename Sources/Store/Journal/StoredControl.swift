package import ControlModel
import Foundation

/// The durable JSON form of a control: what the journal holds and what audit digests are taken of.
package struct StoredControl: Codable {
  let id: String
  let tenant: String?
  let profile: String?
  let venue: String?
  let symbol: String?
  let kind: String
  let level: String
  let cancel: String
  let reason: String
  let ticket: String?
  let actor: String
  let origin: String
  let createdAt: String
  let epoch: UInt64
  let reviewBy: String
  let requestId: String

  package init(_ control: Control) {
    id = control.id.text
    tenant = control.scope.tenant?.text
    profile = control.scope.profile?.text
    venue = control.scope.venue?.text
    symbol = control.scope.symbol?.text
    kind = control.kind.rawValue
    level = control.level.text
    cancel = control.cancel.rawValue
    reason = control.reason
    ticket = control.ticket
    actor = control.actor
    origin = control.origin.description
    createdAt = control.createdAt.description
    epoch = control.epoch.value
    reviewBy = control.reviewBy.description
    requestId = control.requestID.text
  }

  /// Members sorted by name, no white space.
  package var canonicalJSON: [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard let data = try? encoder.encode(self) else {
      preconditionFailure("a control of strings and integers always encodes")
    }
    return Array(data)
  }

  static func decode(_ bytes: [UInt8]) -> Control? {
    guard let stored = try? JSONDecoder().decode(StoredControl.self, from: Data(bytes)) else { return nil }
    return stored.control
  }

  /// nil if any member is not what it should be: a scope that lost a name would cover other orders.
  private var control: Control? {
    let names = (
      tenant: tenant.map { TenantID($0) }, profile: profile.map { ProfileID($0) }, venue: venue.map { VenueID($0) },
      symbol: symbol.map { Symbol($0) }
    )
    guard let id = ControlID(id), let kind = ControlKind(rawValue: kind), let level = ControlLevel(text: level),
      let cancel = CancelMode(rawValue: cancel), let origin = ControlOrigin(origin),
      let createdAt = WallTime(rfc3339: createdAt), let reviewBy = WallTime(rfc3339: reviewBy),
      let requestID = RequestID(requestId), profile == nil || tenant != nil, names.tenant != .some(nil),
      names.profile != .some(nil), names.venue != .some(nil), names.symbol != .some(nil)
    else { return nil }
    let scope = ControlScope(
      tenant: names.tenant ?? nil, profile: names.profile ?? nil, venue: names.venue ?? nil,
      symbol: names.symbol ?? nil)
    return Control(
      id: id, scope: scope, kind: kind, level: level, cancel: cancel, reason: reason, ticket: ticket, actor: actor,
      origin: origin, createdAt: createdAt, epoch: Epoch(epoch), reviewBy: reviewBy, requestID: requestID)
  }
}
