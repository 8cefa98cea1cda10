import Telemetry

/// The buckets one caller on one connection draws from for one class, and the tightest answer for the response headers.
/// Kept from request to request, so that a request passes on one reference.
final class RateAllowance {
  private let ip: RateBucket?
  private let tenant: RateBucket?
  private let user: RateBucket?
  private let ofClass: RateBucket?
  private let tenantClass: RateBucket?
  /// `RateLimit-Policy` of draft-ietf-httpapi-ratelimit-headers-11, a whole line.
  let policyLine: [UInt8]

  init(
    ip: RateBucket? = nil, tenant: RateBucket? = nil, user: RateBucket? = nil, class ofClass: RateBucket? = nil,
    tenantClass: RateBucket? = nil, policyLine: [UInt8]
  ) {
    self.ip = ip
    self.tenant = tenant
    self.user = user
    self.ofClass = ofClass
    self.tenantClass = tenantClass
    self.policyLine = policyLine
  }

  /// Whether it is what its caller draws from at this address.
  func serves(_ address: RateBucket) -> Bool { ip === address || ip == nil }

  struct Tightest: Equatable {
    var scope: RateScope
    var remaining: Int
    var resetSeconds: Int
  }

  enum Answer: Equatable {
    case taken(Tightest)
    case refused(scope: RateScope, retryAfterSeconds: Int)
  }

  /// Takes `cost` from every bucket or from none: all are asked first, so that a request one of them refuses spends nothing
  /// in the others, not even for a moment. Should another event loop take the last of one in between, what was taken is
  /// given back.
  func take(_ cost: Int, at now: Int64) -> Answer {
    if let refused = wait(cost, at: now) { return refused }
    var tightest = Tightest(scope: .ip, remaining: .max, resetSeconds: 0)
    var taken = 0
    var refused: (RateScope, Int64)?
    draw(cost, at: now, from: ip, .ip, &taken, &tightest, &refused)
    draw(cost, at: now, from: tenant, .tenant, &taken, &tightest, &refused)
    draw(cost, at: now, from: user, .user, &taken, &tightest, &refused)
    draw(cost, at: now, from: ofClass, .class, &taken, &tightest, &refused)
    draw(cost, at: now, from: tenantClass, .tenantClass, &taken, &tightest, &refused)
    guard let refused else { return .taken(tightest) }
    for (index, bucket) in [ip, tenant, user, ofClass, tenantClass].enumerated() where taken & 1 << index != 0 {
      bucket?.giveBack(cost)
    }
    return .refused(scope: refused.0, retryAfterSeconds: Self.seconds(refused.1))
  }

  /// The longest any bucket wants the caller to wait; nil when all have enough.
  private func wait(_ cost: Int, at now: Int64) -> Answer? {
    var longest: Int64 = 0
    var scope = RateScope.ip
    ask(ip, .ip, cost, now, &longest, &scope)
    ask(tenant, .tenant, cost, now, &longest, &scope)
    ask(user, .user, cost, now, &longest, &scope)
    ask(ofClass, .class, cost, now, &longest, &scope)
    ask(tenantClass, .tenantClass, cost, now, &longest, &scope)
    return longest > 0 ? .refused(scope: scope, retryAfterSeconds: Self.seconds(longest)) : nil
  }

  private func ask(
    _ bucket: RateBucket?, _ its: RateScope, _ cost: Int, _ now: Int64, _ longest: inout Int64, _ scope: inout RateScope
  ) {
    guard let wait = bucket?.wait(cost, at: now), wait > longest else { return }
    longest = wait
    scope = its
  }

  private func draw(
    _ cost: Int, at now: Int64, from bucket: RateBucket?, _ scope: RateScope, _ taken: inout Int,
    _ tightest: inout Tightest, _ refused: inout (RateScope, Int64)?
  ) {
    guard let bucket, refused == nil else { return }
    switch bucket.take(cost, at: now) {
    case .refused(let retry): refused = (scope, retry)
    case .taken(let remaining, let reset):
      taken |= 1 << scope.index
      if remaining < tightest.remaining {
        tightest = Tightest(scope: scope, remaining: remaining, resetSeconds: Self.seconds(reset))
      }
    }
  }

  /// Whole seconds, rounded up: a client that waits them finds the bucket ready.
  static func seconds(_ nanoseconds: Int64) -> Int { Int((nanoseconds + 999_999_999) / 1_000_000_000) }
}

extension RateScope {
  fileprivate var index: Int {
    switch self {
    case .ip: 0
    case .tenant: 1
    case .user: 2
    case .class: 3
    case .tenantClass: 4
    }
  }
}
