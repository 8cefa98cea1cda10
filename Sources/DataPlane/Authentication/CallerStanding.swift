import ControlModel
import Identity
import Telemetry

/// What an event loop has found out about one verified caller: buckets, share and counters. Kept beside the remembered
/// token, so that a request looks nothing up by name, whichever connection it comes on.
final class CallerStanding {
  let principal: Principal
  private var buckets: CallerBuckets
  private var slots: Slots?
  private var share: TenantShare?
  private var answers: TenantAnswers?

  init(_ principal: Principal) {
    self.principal = principal
    buckets = CallerBuckets(tenant: principal.tenant?.text, user: principal.user.text)
  }

  /// See `CallerBuckets`.
  func allowance(
    ip address: RateBucket, _ limiter: RateLimiter, class trafficClass: TrafficClass, at now: Int64
  ) -> RateAllowance {
    buckets.allowance(ip: address, limiter, class: trafficClass, at: now)
  }

  /// The caller's tenant's share of the requests in flight at one place.
  func share(of slots: Slots) -> TenantShare {
    if let share, self.slots === slots { return share }
    let found = slots.share(of: principal.tenant)
    self.slots = slots
    share = found
    return found
  }

  /// Counts an answer for the caller's tenant, if it has one.
  func count(_ status: Int, _ loop: LoopContext) {
    guard let tenant = principal.tenant else { return }
    let answers = answers ?? loop.answers(of: tenant)
    self.answers = answers
    answers.counter(status).increment()
  }
}

/// One tenant's counters, by the first digit of the status, found on first use.
final class TenantAnswers {
  private let tenant: TenantID
  private let family: MetricFamily
  private var counters: [Counter?] = Array(repeating: nil, count: 10)

  init(_ tenant: TenantID, _ family: MetricFamily) {
    self.tenant = tenant
    self.family = family
  }

  func counter(_ status: Int) -> Counter {
    let index = min(max(0, status / 100), 9)
    if let counter = counters[index] { return counter }
    let counter = family.counter(tenant.text, codeClass(status))
    counters[index] = counter
    return counter
  }
}

/// The standing of each caller whose token a loop remembers, at the token's place. A place is reused with its token's, so
/// what is found there counts only for the very principal it was made for.
struct CallerStandings {
  private var standings: [CallerStanding?] = []

  /// - Parameter entry: where the token cache has the principal; a hint that may be stale.
  mutating func standing(of principal: Principal, entry: Int) -> CallerStanding {
    guard entry >= 0 else { return CallerStanding(principal) }
    if entry < standings.count {
      if let known = standings[entry], known.principal === principal { return known }
    } else {
      standings.append(contentsOf: repeatElement(nil, count: entry + 1 - standings.count))
    }
    let made = CallerStanding(principal)
    standings[entry] = made
    return made
  }
}
