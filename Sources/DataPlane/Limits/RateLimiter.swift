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
  private let ip: Shelf
  private let tenant: Shelf
  private let user: Shelf

  package init(_ policies: RatePolicies, metrics: MetricRegistry) {
    let held = metrics.family(MetricCatalog.rateLimitKeys)
    ip = Shelf(policies.ip, held: held.gauge(RateScope.ip.rawValue))
    tenant = Shelf(
      policies.tenant, overrides: policies.tenantOverrides, held: held.gauge(RateScope.tenant.rawValue))
    user = Shelf(policies.user, held: held.gauge(RateScope.user.rawValue))
  }

  /// The bucket of `key`, made full on first use.
  func bucket(_ scope: RateScope, _ key: String, at now: Int64) -> RateBucket {
    switch scope {
    case .ip: ip.bucket(key, at: now)
    case .tenant: tenant.bucket(key, at: now)
    case .user: user.bucket(key, at: now)
    }
  }

  /// The buckets of one scope, bounded: past `keysMax`, those that have refilled are forgotten; while none has, a new key
  /// shares one overflow bucket, so that memory stays bounded and nobody goes unlimited.
  final class Shelf: Sendable {
    static let keysMax = 100_000
    /// Looking through all buckets takes milliseconds; a flood of new keys must not buy that with each of them.
    private static let sweepInterval: Int64 = 1_000_000_000

    private struct Contents {
      var buckets: [String: RateBucket] = [:]
      var sweptAt = Int64.min
    }

    private let limit: RateLimit
    private let overrides: [String: RateLimit]
    private let overflow: RateBucket
    private let keysMax: Int
    private let contents = Mutex(Contents())
    private let held: Gauge

    init(_ limit: RateLimit, overrides: [String: RateLimit] = [:], keysMax: Int = Shelf.keysMax, held: Gauge) {
      self.limit = limit
      self.overrides = overrides
      self.keysMax = keysMax
      self.held = held
      overflow = RateBucket(limit)
    }

    func bucket(_ key: String, at now: Int64) -> RateBucket {
      contents.withLock { contents in
        if let bucket = contents.buckets[key] { return bucket }
        if contents.buckets.count >= keysMax, now - Self.sweepInterval >= contents.sweptAt {
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
  let buckets: [(scope: RateScope, bucket: RateBucket)]
  /// `RateLimit-Policy` of draft-ietf-httpapi-ratelimit-headers-11, made once per caller.
  let policyHeader: [UInt8]

  init(_ buckets: [(scope: RateScope, bucket: RateBucket)]) {
    self.buckets = buckets
    let items = buckets.map { "\"\($0.scope.rawValue)\";q=\($0.bucket.limit.quota);w=\($0.bucket.limit.windowSeconds)" }
    policyHeader = Array("RateLimit-Policy: \(items.joined(separator: ", "))\r\n".utf8)
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
    for (position, item) in buckets.enumerated() {
      switch item.bucket.take(cost, at: now) {
      case .taken(let remaining, let reset):
        if remaining < tightest.remaining {
          tightest = Tightest(scope: item.scope, remaining: remaining, resetSeconds: Self.seconds(reset))
        }
      case .refused(let retry):
        for earlier in buckets[..<position] { earlier.bucket.giveBack(cost) }
        return .refused(scope: item.scope, retryAfterSeconds: Self.seconds(retry))
      }
    }
    return .taken(tightest)
  }

  /// Whole seconds, rounded up: a client that waits them finds the bucket ready.
  static func seconds(_ nanoseconds: Int64) -> Int { Int((nanoseconds + 999_999_999) / 1_000_000_000) }
}
