/// The demo's `breakwater.yaml`.
enum DemoConfiguration {
  static let tenants = [
    "orchid", "heron", "kestrel", "maple", "willow", "osprey", "lotus", "cedar", "finch", "ember", "juniper", "lark",
    "quartz", "saffron",
  ]

  /// Averages and strength bands, so that profiles disagree; together at most eight periods, which a symbol can carry.
  private static let styles: [(name: String, fast: Int, slow: Int, lower: Int, upper: Int)] = [
    ("scalper-1", 3, 8, 30, 95), ("scalper-2", 5, 13, 35, 90), ("swing-1", 8, 21, 35, 90), ("swing-2", 13, 34, 40, 90),
    ("trend-1", 21, 55, 40, 85),
  ]

  static func text(
    folder: String, issuer: String, audience: String, listen: String, ops: String, backendPort: Int, speed: Double
  ) -> String {
    """
    # Written by `breakwater demo`. `breakwater serve --config` runs the same without the demo's backend and incident.
    environment: demo
    server: { listen: "\(listen)", ops: "\(ops)", drainDelay: 0s }
    dataDir: \(folder)/state
    auth:
      issuer: "\(issuer)"
      audience: "\(audience)"
      jwks: "http://127.0.0.1:\(backendPort)/.well-known/jwks.json"
    upstreams:
      backend: { url: "http://127.0.0.1:\(backendPort)", connectTimeout: 1s, firstByteTimeout: 5s, timeout: 10s }
    routes:
      - { path: /api/v1/market, upstream: backend, roles: [user, support, operator, admin], class: read }
    limits:
      tenant: { rate: 6000/1m, burst: 500 }
      user: { rate: 6000/1m, burst: 500 }
      ip: { rate: 120000/1m, burst: 5000 }
    controls: { approvals: required, reviewAfter: 30m }
    alerting:
      receivers:
        - { name: pager, webhook: "http://127.0.0.1:\(backendPort)/pager" }
    logs: { stdout: false }
    runtime:
      marketData: { speed: \(speed) }
      loopInterval: 250ms
      profiles:
    \(profiles)

    """
  }

  private static var profiles: String {
    var lines: [String] = []
    for (index, tenant) in tenants.enumerated() {
      // 61 profiles: four or five for each tenant.
      let count = index < 5 ? 5 : 4
      for style in styles.prefix(count) {
        lines.append(
          "    - { tenant: \(tenant), profile: \(style.name), user: trader.\(tenant), "
            + "symbols: [\(index % 2 == 0 ? "AAPL, GOOG, IBM, MSFT" : "MSFT, IBM, GOOG, AAPL")], capital: \"\(100 + index * 25)000\", "
            + "strategy: { fast: \(style.fast), slow: \(style.slow), rsiLower: \(style.lower), rsiUpper: \(style.upper), "
            + "scoreMin: 0.25, zoneTouches: 1, zoneDistanceATR: 10, zoneRoomStops: 0 } }")
      }
    }
    return lines.joined(separator: "\n")
  }
}
