import Synchronization
package import Telemetry

/// The configured limits: what each kind of key may do, with overrides for single tenants.
package struct RatePolicies: Sendable, Equatable {
  package var ip: RateLimit
  package var tenant: RateLimit
  package var user: RateLimit
  package var tenantOverrides: [String: RateLimit]

  package init(ip: RateLimit, tenant: RateLimit, user: RateLimit, tenantOverrides: [String: RateLimit] = [:]) {
    self.ip = ip
    self.tenant = tenant
    self.user = user
    self.tenantOverrides = tenantOverrides
  }
}

/// What a limit is counted per.
enum RateScope: String, CaseIterable {
  case ip, tenant, user
}

/// All buckets of the process, found once per connection and caller and then kept by the connection.
package final class RateLimiter: Sendable {
  /// A user within a tenant: the same name in two tenants is two users.
  struct UserKey: Hashable {
    let tenant: String
    let user: String
  }

  let ip: Shelf<String>
  let tenant: Shelf<String>
  let user: Shelf<UserKey>
  private let policies: RatePolicies
  /// Policy headers of the common cases, made once.
  private let openHeader: [UInt8]
  private let staffHeader: [UInt8]
  private let tenantHeader: [UInt8]

  package init(_ policies: RatePolicies, metrics: MetricRegistry) {
    let held = metrics.family(MetricCatalog.rateLimitKeys)
    self.policies = policies
    ip = Shelf(policies.ip, held: held.gauge(RateScope.ip.rawValue))
    tenant = Shelf(
      policies.tenant, overrides: policies.tenantOverrides, held: held.gauge(RateScope.tenant.rawValue))
    user = Shelf(policies.user, held: held.gauge(RateScope.user.rawValue))
    openHeader = RateAllowance.header([(.ip, policies.ip)])
    staffHeader = RateAllowance.header([(.ip, policies.ip), (.user, policies.user)])
    tenantHeader = RateAllowance.header([(.ip, policies.ip), (.tenant, policies.tenant), (.user, policies.user)])
  }

  /// What a caller without a tenant, or nobody in particular, may do from an address.
  func allowance(ip address: RateBucket, user name: String? = nil, at now: Int64) -> RateAllowance {
    guard let name else { return RateAllowance(ip: address, policyHeader: openHeader) }
    let user = user.bucket(UserKey(tenant: "", user: name), at: now)
    return RateAllowance(ip: address, user: user, policyHeader: staffHeader)
  }

  /// What a tenant's user may do from an address.
  func allowance(ip address: RateBucket, tenant name: String, user: String, at now: Int64) -> RateAllowance {
    let tenant = tenant.bucket(name, at: now)
    let user = self.user.bucket(UserKey(tenant: name, user: user), at: now)
    if tenant.limit != policies.tenant { return RateAllowance(ip: address, tenant: tenant, user: user) }
    return RateAllowance(ip: address, tenant: tenant, user: user, policyHeader: tenantHeader)
  }

  /// Buckets per scope.
  static let keysMax = 100_000

  /// The buckets of one scope, bounded: past `keysMax`, those that have refilled are forgotten; while none has, a new key
  /// shares one overflow bucket, so that memory stays bounded and nobody goes unlimited.
  final class Shelf<Key: Hashable & Sendable>: Sendable {
    /// Looking through all buckets takes milliseconds; a flood of new keys must not buy that with each of them.
    private let sweepInterval: Int64 = 1_000_000_000

    private struct Contents {
      var buckets: [Key: RateBucket] = [:]
      var sweptAt = Int64.min
    }

    private let limit: RateLimit
    private let overrides: [Key: RateLimit]
    private let overflow: RateBucket
    private let keysMax: Int
    private let contents = Mutex(Contents())
    private let held: Gauge

    init(_ limit: RateLimit, overrides: [Key: RateLimit] = [:], keysMax: Int = RateLimiter.keysMax, held: Gauge) {
      self.limit = limit
      self.overrides = overrides
      self.keysMax = keysMax
      self.held = held
      overflow = RateBucket(limit)
    }

    /// The bucket of `key`, made full on first use.
    func bucket(_ key: Key, at now: Int64) -> RateBucket {
      contents.withLock { contents in
        if let bucket = contents.buckets[key] { return bucket }
        if contents.buckets.count >= keysMax, now - sweepInterval >= contents.sweptAt {
          contents.sweptAt = now
          contents.buckets = contents.buckets.filter { !$0.value.isFull(at: now) }
        }
        guard contents.buckets.count < keysMax else { return overflow }
        let made = RateBucket(overrides[key] ?? limit)
        contents.buckets[key] = made
        held.set(Double(contents.buckets.count))
        return made
      }
    }
  }
}

/// The buckets one caller on one connection draws from, and the tightest answer for the response headers.
struct RateAllowance {
  private let ip: RateBucket
  private let tenant: RateBucket?
  private let user: RateBucket?
  /// `RateLimit-Policy` of draft-ietf-httpapi-ratelimit-headers-11.
  let policyHeader: [UInt8]

  init(ip: RateBucket, tenant: RateBucket? = nil, user: RateBucket? = nil, policyHeader: [UInt8]) {
    self.ip = ip
    self.tenant = tenant
    self.user = user
    self.policyHeader = policyHeader
  }

  /// Makes the header for the buckets' limits; `RateLimiter.allowance` keeps those it needs.
  init(ip: RateBucket, tenant: RateBucket? = nil, user: RateBucket? = nil) {
    var policies = [(scope: RateScope.ip, limit: ip.limit)]
    if let tenant { policies.append((.tenant, tenant.limit)) }
    if let user { policies.append((.user, user.limit)) }
    self.init(ip: ip, tenant: tenant, user: user, policyHeader: Self.header(policies))
  }

  static func header(_ policies: [(scope: RateScope, limit: RateLimit)]) -> [UInt8] {
    let items = policies.map { "\"\($0.rawValue)\";q=\($1.quota);w=\($1.windowSeconds)" }
    return Array("RateLimit-Policy: \(items.joined(separator: ", "))\r\n".utf8)
  }

  struct Tightest: Equatable {
    var scope: RateScope
    var remaining: Int
    var resetSeconds: Int
  }

  enum Answer: Equatable {
    case taken(Tightest)
    case refused(scope: RateScope, retryAfterSeconds: Int)
  }

  /// Takes `cost` from every bucket or from none: a refusal in one spends nothing in the others.
  func take(_ cost: Int, at now: Int64) -> Answer {
    var tightest = Tightest(scope: .ip, remaining: .max, resetSeconds: 0)
    if let retry = take(cost, at: now, from: ip, .ip, &tightest) { return refused(.ip, retry) }
    if let tenant, let retry = take(cost, at: now, from: tenant, .tenant, &tightest) {
      ip.giveBack(cost)
      return refused(.tenant, retry)
    }
    if let user, let retry = take(cost, at: now, from: user, .user, &tightest) {
      ip.giveBack(cost)
      tenant?.giveBack(cost)
      return refused(.user, retry)
    }
    return .taken(tightest)
  }

  /// Nil when taken, else how long to wait.
  private func take(
    _ cost: Int, at now: Int64, from bucket: RateBucket, _ scope: RateScope, _ tightest: inout Tightest
  ) -> Int64? {
    switch bucket.take(cost, at: now) {
    case .refused(let retry): return retry
    case .taken(let remaining, let reset):
      if remaining < tightest.remaining {
        tightest = Tightest(scope: scope, remaining: remaining, resetSeconds: Self.seconds(reset))
      }
      return nil
    }
  }

  private func refused(_ scope: RateScope, _ retry: Int64) -> Answer {
    .refused(scope: scope, retryAfterSeconds: Self.seconds(retry))
  }

  /// Whole seconds, rounded up: a client that waits them finds the bucket ready.
  static func seconds(_ nanoseconds: Int64) -> Int { Int((nanoseconds + 999_999_999) / 1_000_000_000) }
}
