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
  /// Most keys held per scope. Past it, buckets that have refilled are dropped; if none has, the new key shares one
  /// overflow bucket, so memory stays bounded and nobody goes unlimited.
  static let keysMax = 100_000

  private struct Shelf {
    var buckets: [String: RateBucket] = [:]
    var overflow: RateBucket
  }

  private let policies: RatePolicies
  private let shelves: Mutex<[RateScope: Shelf]>
  private let held: MetricFamily

  package init(_ policies: RatePolicies, metrics: MetricRegistry) {
    self.policies = policies
    shelves = Mutex([
      .ip: Shelf(overflow: RateBucket(policies.ip)), .tenant: Shelf(overflow: RateBucket(policies.tenant)),
      .user: Shelf(overflow: RateBucket(policies.user)),
    ])
    held = metrics.family(MetricCatalog.rateLimitKeys)
  }

  /// The bucket of `key`, made full on first use.
  func bucket(_ scope: RateScope, _ key: String, at now: Int64) -> RateBucket {
    let (bucket, count) = shelves.withLock { shelves -> (RateBucket, Int) in
      guard var shelf = shelves[scope] else { preconditionFailure("every scope has a shelf") }
      shelves[scope] = nil  // so that the dictionary inside is changed in place
      defer { shelves[scope] = shelf }
      if let bucket = shelf.buckets[key] { return (bucket, shelf.buckets.count) }
      if shelf.buckets.count >= Self.keysMax { shelf.buckets = shelf.buckets.filter { !$0.value.isFull(at: now) } }
      if shelf.buckets.count >= Self.keysMax { return (shelf.overflow, shelf.buckets.count) }
      let made = RateBucket(limit(scope, key))
      shelf.buckets[key] = made
      return (made, shelf.buckets.count)
    }
    held.gauge(scope.rawValue).set(Double(count))
    return bucket
  }

  private func limit(_ scope: RateScope, _ key: String) -> RateLimit {
    switch scope {
    case .ip: policies.ip
    case .tenant: policies.tenantOverrides[key] ?? policies.tenant
    case .user: policies.user
    }
  }
}

/// The buckets one caller on one connection draws from, and the tightest answer for the response headers.
struct RateAllowance {
  private(set) var buckets: [(scope: RateScope, bucket: RateBucket)] = []
  /// `RateLimit-Policy` of draft-ietf-httpapi-ratelimit-headers-11, made once per caller.
  private(set) var policyHeader: [UInt8] = []

  init(_ buckets: [(scope: RateScope, bucket: RateBucket)]) {
    self.buckets = buckets
    let items = buckets.map { "\"\($0.scope.rawValue)\";q=\($0.bucket.limit.quota);w=\($0.bucket.limit.windowSeconds)" }
    policyHeader = Array("RateLimit-Policy: \(items.joined(separator: ", "))\r\n".utf8)
  }

  struct Tightest {
    var scope: RateScope
    var remaining: Int
    var resetSeconds: Int
  }

  enum Answer {
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

  private static func seconds(_ nanoseconds: Int64) -> Int { Int((nanoseconds + 999_999_999) / 1_000_000_000) }
}
