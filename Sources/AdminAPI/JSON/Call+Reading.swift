import ControlModel
import DataPlane
import Identity
import TradingRuntime
import Venues

extension Call {
  /// The caller of a route that needs one. The pipeline authenticated it; a missing one is a mistake in the route table
  /// and is refused.
  var principal: Principal {
    get throws(Refusal) {
      guard let caller else { throw Refusal(.authMissing, "This route needs a token.") }
      return caller
    }
  }

  /// The caller's own tenant.
  var tenant: TenantID {
    get throws(Refusal) {
      guard let tenant = try principal.tenant else {
        throw Refusal(.tenantMissing, "This route answers a tenant's own data; your token names no tenant.")
      }
      return tenant
    }
  }

  /// The epoch the caller looked at, from `If-Match: "418"`. Releasing without one could lift what the caller never saw.
  var ifMatchEpoch: Epoch {
    get throws(Refusal) {
      guard let text = field("if-match"), text != "*" else {
        throw Refusal(
          .preconditionRequired, "Send If-Match with the epoch you looked at (the ETag of /admin/controls).")
      }
      let bare =
        text.hasPrefix("\"") && text.hasSuffix("\"") && text.utf8.count > 2 ? text.dropFirst().dropLast() : text[...]
      guard let value = UInt64(bare) else {
        throw Refusal(.preconditionFailed, "If-Match is not an epoch of ours; read the ETag of /admin/controls.")
      }
      return Epoch(value)
    }
  }

  /// The `{id}` of the path as a control's.
  var controlID: ControlID {
    get throws(Refusal) {
      guard let id = parameters["id"].flatMap({ ControlID($0) }) else {
        throw Refusal(.controlUnknown, "That is not a control id.")
      }
      return id
    }
  }

  /// How long the caller wants a stop's answer to wait until it is settled, from `Prefer: wait=5` (RFC 7240); nil without
  /// such a preference. Other preferences are somebody else's.
  var preferredWait: Duration? {
    get throws(Refusal) {
      for field in fields where field.name == "prefer" {
        for preference in field.value.split(separator: ",") {
          let parts = preference.split(separator: ";")[0].split(separator: "=", maxSplits: 1)
          guard parts[0].trimmed.lowercased() == "wait" else { continue }
          guard parts.count == 2, let seconds = Int64(parts[1].trimmed), (0...Self.waitSecondsMax).contains(seconds)
          else {
            throw Refusal(.requestInvalid, "Prefer: wait is a number of seconds, at most \(Self.waitSecondsMax).")
          }
          return .seconds(seconds)
        }
      }
      return nil
    }
  }

  private static let waitSecondsMax: Int64 = 30

  func limit(default fallback: Int, max maximum: Int) throws(Refusal) -> Int {
    guard let text = query.first("limit") else { return fallback }
    guard let limit = Int(text), (1...maximum).contains(limit) else {
      throw Refusal(.requestInvalid, "limit is 1 to \(maximum).", fields: [FieldProblem("limit", "is 1 to \(maximum)")])
    }
    return limit
  }
}

extension Substring {
  fileprivate var trimmed: Substring {
    let front = drop(while: \.isWhitespace)
    return front.prefix(front.count - front.reversed().prefix(while: \.isWhitespace).count)
  }
}

/// Tenants and profiles named by a path.
struct Scopes {
  let context: AdminContext

  init(_ context: AdminContext) {
    self.context = context
  }

  /// The `{tenant}` and, where the route has one, `{profile}` of the path. Refuses unknown ones with the nearest names.
  func named(_ call: Call) throws(Refusal) -> (TenantID, ProfileID?) {
    let text = call.parameters["tenant"] ?? ""
    guard let tenant = TenantID(text), context.runtime.knows(tenant) else {
      let nearest = ScopeDirectory.nearest(text, in: context.runtime.tenants.map(\.text))
      throw Refusal(.tenantUnknown, "Tenant \(text.prefix(64)) is not known; the nearest are \(nearest).")
    }
    guard let name = call.parameters["profile"] else { return (tenant, nil) }
    guard let profile = ProfileID(name), context.runtime.knows(tenant, profile: profile) else {
      let names = context.runtime.accounts(of: tenant).map(\.profile.account.profile.text)
      throw Refusal(
        .profileUnknown,
        "Profile \(name.prefix(64)) is not known; the nearest are \(ScopeDirectory.nearest(name, in: names)).")
    }
    return (tenant, profile)
  }
}
