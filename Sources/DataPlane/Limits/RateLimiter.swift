import Synchronization
package import Telemetry

/// The configured limits: what each kind of key may do, with overrides for single tenants and classes.
package struct RatePolicies: Sendable, Equatable {
  package var ip: RateLimit
  package var tenant: RateLimit
  package var user: RateLimit
  package var tenantOverrides: [String: RateLimit]
  /// Of all callers together, for classes that have one.
  package var classes: [TrafficClass: RateLimit]
  /// Of each tenant, for classes that have one.
  package var tenantClasses: [TrafficClass: RateLimit]
  package var tenantClassOverrides: [String: [TrafficClass: RateLimit]]

  /// What each tenant may cancel and close unless something else is configured: enough to empty any book, and no more than one
  /// book needs. A tenant that may send more than this may cancel as much as it may send.
  package static let cancels = RateLimit(quota: 50, windowSeconds: 1, burst: 50)

  package init(
    ip: RateLimit, tenant: RateLimit, user: RateLimit, tenantOverrides: [String: RateLimit] = [:],
    classes: [TrafficClass: RateLimit] = [:], tenantClasses: [TrafficClass: RateLimit] = [.riskReducing: cancels],
    tenantClassOverrides: [String: [TrafficClass: RateLimit]] = [:]
  ) {
    self.ip = ip
    self.tenant = tenant
    self.user = user
    self.tenantOverrides = tenantOverrides
    self.classes = classes
    self.tenantClasses = tenantClasses
    self.tenantClassOverrides = tenantClassOverrides
  }

  func limit(of name: String, _ trafficClass: TrafficClass) -> RateLimit? {
    if let own = tenantClassOverrides[name]?[trafficClass] { return own }
    let limit = tenantClasses[trafficClass]
    let ordinary = tenantOverrides[name] ?? tenant
    guard trafficClass == .riskReducing, limit == Self.cancels, ordinary.interval < Self.cancels.interval else {
      return limit
    }
    return RateLimit(
      quota: ordinary.quota, windowSeconds: ordinary.windowSeconds, burst: max(ordinary.burst, Self.cancels.burst))
  }
}

/// What a limit is counted per.
enum RateScope: String, CaseIterable {
  case ip, tenant, user
  case `class`
  case tenantClass = "tenant-class"
}

/// All buckets of the process, found once per caller and event loop, and then kept there.
package final class RateLimiter: Sendable {
  /// A user within a tenant: the same name in two tenants is two users.
  struct UserKey: Hashable {
    let tenant: String
    let user: String
  }

  struct ClassKey: Hashable {
    let tenant: String
    let trafficClass: TrafficClass
  }

  let policies: RatePolicies
  let ip: Shelf<String>
  let tenant: Shelf<String>
  let user: Shelf<UserKey>
  let tenantClass: Shelf<ClassKey>
  private let classes: [TrafficClass: RateBucket]
  private let metrics: MetricRegistry
  private let swept: Sweeps
  /// Every line in use, once: thousands of callers have the same few limits.
  private let policyLines = Mutex<Set<[UInt8]>>([])

  package convenience init(_ policies: RatePolicies, metrics: MetricRegistry) {
    self.init(policies, metrics: metrics, after: nil)
  }

  /// The limiter of a new configuration: buckets whose limits stay as they are keep what they hold, so that a reload
  /// gives nobody a fresh burst.
  func succeeding(_ old: RateLimiter) -> RateLimiter {
    policies == old.policies ? old : RateLimiter(policies, metrics: metrics, after: old)
  }

  private init(_ policies: RatePolicies, metrics: MetricRegistry, after old: RateLimiter?) {
    let held = metrics.family(MetricCatalog.rateLimitKeys)
    let before = old?.policies
    self.policies = policies
    self.metrics = metrics
    let swept = old?.swept ?? Sweeps()
    self.swept = swept
    ip =
      old.flatMap { before?.ip == policies.ip ? $0.ip : nil }
      ?? Shelf(.ip, swept, held: held.gauge(RateScope.ip.rawValue)) { _ in policies.ip }
    tenant =
      old.flatMap {
        before?.tenant == policies.tenant && before?.tenantOverrides == policies.tenantOverrides ? $0.tenant : nil
      }
      ?? Shelf(.tenant, swept, held: held.gauge(RateScope.tenant.rawValue)) {
        policies.tenantOverrides[$0] ?? policies.tenant
      }
    user =
      old.flatMap { before?.user == policies.user ? $0.user : nil }
      ?? Shelf(.user, swept, held: held.gauge(RateScope.user.rawValue)) { _ in policies.user }
    tenantClass =
      old.flatMap {
        before?.tenantClasses == policies.tenantClasses
          && before?.tenantClassOverrides == policies.tenantClassOverrides ? $0.tenantClass : nil
      }
      ?? Shelf(.tenantClass, swept, held: held.gauge(RateScope.tenantClass.rawValue)) {
        policies.limit(of: $0.tenant, $0.trafficClass) ?? policies.tenant
      }
    var classes: [TrafficClass: RateBucket] = [:]
    for (name, limit) in policies.classes {
      classes[name] = before?.classes[name] == limit ? old?.classes[name] : RateBucket(limit, .class)
    }
    self.classes = classes
  }

  /// What nobody in particular may do from an address.
  func allowance(ip address: RateBucket, class trafficClass: TrafficClass = .read) -> RateAllowance {
    allowance(ip: address, class: bucket(of: trafficClass))
  }

  /// What is drawn from these buckets together.
  func allowance(
    ip: RateBucket? = nil, tenant: RateBucket? = nil, user: RateBucket? = nil, class ofClass: RateBucket? = nil,
    tenantClass: RateBucket? = nil
  ) -> RateAllowance {
    let policies = [ip, tenant, user, ofClass, tenantClass].compactMap { $0?.policy }
    let line = Array("RateLimit-Policy: ".utf8) + policies.joined(separator: Array(", ".utf8)) + Array("\r\n".utf8)
    return RateAllowance(
      ip: ip, tenant: tenant, user: user, class: ofClass, tenantClass: tenantClass,
      policyLine: policyLines.withLock { $0.insert(line).memberAfterInsert })
  }

  /// What all callers together draw from for a class; nil for most.
  func bucket(of trafficClass: TrafficClass) -> RateBucket? { classes.isEmpty ? nil : classes[trafficClass] }

  /// What a tenant draws from for a class; nil where there is no such limit.
  func tenantClassBucket(_ tenant: String, _ trafficClass: TrafficClass, at now: Int64) -> RateBucket? {
    policies.limit(of: tenant, trafficClass).map { _ in
      tenantClass.bucket(ClassKey(tenant: tenant, trafficClass: trafficClass), at: now)
    }
  }

  /// How often any scope has forgotten buckets. Whoever keeps one finds it anew when this has risen, so that nobody
  /// draws from a forgotten bucket beside the one that took its place.
  var sweeps: Int { swept.value }

  /// Counts sweeps of all scopes, over reloads.
  final class Sweeps: Sendable {
    fileprivate let count = Atomic<Int>(0)
    var value: Int { count.load(ordering: .relaxed) }
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
      /// Of each limit, for all buckets that have it.
      var policies: [RateLimit: [UInt8]] = [:]
      /// By limit: a key that has more than others shares with its like.
      var overflow: [RateLimit: RateBucket] = [:]
      var sweptAt = Int64.min
    }

    private let limit: @Sendable (Key) -> RateLimit
    private let scope: RateScope
    private let swept: Sweeps
    private let keysMax: Int
    private let contents = Mutex(Contents())
    private let held: Gauge

    init(
      _ scope: RateScope, _ swept: Sweeps, keysMax: Int = RateLimiter.keysMax, held: Gauge,
      _ limit: @escaping @Sendable (Key) -> RateLimit
    ) {
      self.scope = scope
      self.swept = swept
      self.limit = limit
      self.keysMax = keysMax
      self.held = held
    }

    /// The bucket of `key`, made full on first use.
    func bucket(_ key: Key, at now: Int64) -> RateBucket {
      contents.withLock { contents in
        if let bucket = contents.buckets[key] { return bucket }
        if contents.buckets.count >= keysMax, now - sweepInterval >= contents.sweptAt {
          contents.sweptAt = now
          contents.buckets = contents.buckets.filter { !$0.value.isFull(at: now) }
          swept.count.add(1, ordering: .relaxed)
        }
        let limit = limit(key)
        guard contents.buckets.count < keysMax else {
          if let shared = contents.overflow[limit] { return shared }
          let shared = make(limit, &contents)
          contents.overflow[limit] = shared
          return shared
        }
        let made = make(limit, &contents)
        contents.buckets[key] = made
        held.set(Double(contents.buckets.count))
        return made
      }
    }

    private func make(_ limit: RateLimit, _ contents: inout Contents) -> RateBucket {
      let policy = contents.policies[limit] ?? RateBucket.policy(limit, scope)
      contents.policies[limit] = policy
      return RateBucket(limit, policy)
    }
  }
}
