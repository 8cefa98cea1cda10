/// The buckets of one caller, found on first use and kept.
struct CallerBuckets {
  private let tenantName: String?
  private let userName: String
  private var limiter: RateLimiter?
  /// Of the limiter, when the buckets were found: they are found again once it has forgotten some.
  private var sweeps = 0
  private var tenant: RateBucket?
  private var user: RateBucket?
  /// By class; the outer nil is one not looked for yet.
  private var tenantClasses: [RateBucket??] = []
  /// By class, for the address the class was last used from.
  private var allowances: [RateAllowance?] = []

  init(tenant: String?, user: String) {
    tenantName = tenant
    userName = user
  }

  /// What the caller draws from on a connection from `address`, for a class. Cancels and closes draw from their tenant's
  /// own bucket alone: nothing else that was spent may stand in their way.
  mutating func allowance(
    ip address: RateBucket, _ limiter: RateLimiter, class trafficClass: TrafficClass = .read, at now: Int64
  ) -> RateAllowance {
    let sweeps = limiter.sweeps
    if self.limiter !== limiter || self.sweeps != sweeps {
      self.limiter = limiter
      self.sweeps = sweeps
      tenant = nil
      user = nil
      tenantClasses = Array(repeating: nil, count: TrafficClass.allCases.count)
      allowances = Array(repeating: nil, count: TrafficClass.allCases.count)
    }
    if let known = allowances[trafficClass.index], known.serves(address) { return known }
    let found = find(address, limiter, trafficClass, at: now)
    allowances[trafficClass.index] = found
    return found
  }

  private mutating func find(
    _ address: RateBucket, _ limiter: RateLimiter, _ trafficClass: TrafficClass, at now: Int64
  ) -> RateAllowance {
    let ofClass = tenantClass(trafficClass, limiter, at: now)
    if trafficClass == .riskReducing, let ofClass { return limiter.allowance(tenantClass: ofClass) }
    if user == nil {
      tenant = tenantName.map { limiter.tenant.bucket($0, at: now) }
      user = limiter.user.bucket(RateLimiter.UserKey(tenant: tenantName ?? "", user: userName), at: now)
    }
    return limiter.allowance(
      ip: address, tenant: tenant, user: user, class: limiter.bucket(of: trafficClass), tenantClass: ofClass)
  }

  private mutating func tenantClass(
    _ trafficClass: TrafficClass, _ limiter: RateLimiter, at now: Int64
  ) -> RateBucket? {
    if let known = tenantClasses[trafficClass.index] { return known }
    let found = tenantName.flatMap { limiter.tenantClassBucket($0, trafficClass, at: now) }
    tenantClasses[trafficClass.index] = .some(found)
    return found
  }
}
