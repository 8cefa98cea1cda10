package import ControlModel
package import Identity
import Realtime
import Synchronization

/// Who holds which open stream: a stream outlives the request that was checked when it began, so it is checked again.
package final class OpenStreams: Sendable {
  private struct Entry {
    weak var subscription: Subscription?
    let principal: Principal
  }

  private let entries = Mutex<[Entry]>([])

  package init() {}

  func admit(_ subscription: Subscription, _ principal: Principal) {
    entries.withLock { entries in
      entries.removeAll { $0.subscription == nil }
      entries.append(Entry(subscription: subscription, principal: principal))
    }
  }

  /// Ends the streams whose token has expired or was revoked. Called once a second, and with every revocation.
  package func closeUnwelcome(_ revocations: RevocationList, at now: WallTime) {
    let unwelcome = entries.withLock { entries in
      entries.removeAll { $0.subscription == nil }
      return entries.compactMap { entry -> Subscription? in
        do throws(Refusal) {
          try entry.principal.checkValidity(at: now)
          try revocations.check(entry.principal)
          return nil
        } catch {
          return entry.subscription
        }
      }
    }
    for subscription in unwelcome { subscription.close() }
  }
}
