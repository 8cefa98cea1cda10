/// Which hosts of an upstream are passed over, because they failed where others did not (outlier ejection, as Envoy has it).
///
/// A host that fails `failures` times in a row is ejected for the base time, times how often that happened lately. At most
/// half of the hosts are out at a time and never the last one: when all fail, that is the circuit's business.
struct HostEjection: Equatable, Sendable {
  struct Host: Equatable, Sendable {
    var failures = 0
    /// Raised by each ejection, lowered by each `forgiveness` spent in service.
    var ejections = 0
    /// Nil while it serves.
    var ejectedUntil: Int64?
    var returnedAt: Int64 = 0
  }

  /// Of the hosts, at most this share is out at once; of two, one may be.
  static let shareMax = 0.5
  static let longest: Int64 = 300_000_000_000
  static let forgiveness: Int64 = 10_000_000_000

  private(set) var hosts: [Host]
  private let failuresMax: Int
  private let base: Int64

  init(_ count: Int, _ settings: EjectionSettings) {
    hosts = Array(repeating: Host(), count: count)
    failuresMax = settings.failures
    base = settings.base.nanoseconds
  }

  private var ejectedMax: Int {
    hosts.count < 2 ? 0 : max(1, Int(Double(hosts.count) * Self.shareMax))
  }

  mutating func succeeded(_ index: Int) { hosts[index].failures = 0 }

  /// Counts a failure; returns until when the host is out if this one ejects it.
  mutating func failed(_ index: Int, at now: Int64) -> Int64? {
    hosts[index].failures += 1
    guard hosts[index].ejectedUntil == nil, hosts[index].failures >= failuresMax,
      hosts.count(where: { $0.ejectedUntil != nil }) < ejectedMax
    else { return nil }
    let forgiven = Int((now - hosts[index].returnedAt) / Self.forgiveness)
    let ejections = max(0, hosts[index].ejections - forgiven) + 1
    let until = now + min(base * Int64(ejections), Self.longest)
    hosts[index] = Host(ejections: ejections, ejectedUntil: until)
    return until
  }

  /// Puts hosts whose time is over back into service, and names them.
  mutating func release(at now: Int64) -> [Int] {
    hosts.indices.filter { index in
      guard let until = hosts[index].ejectedUntil, now >= until else { return false }
      hosts[index].ejectedUntil = nil
      hosts[index].failures = 0
      hosts[index].returnedAt = now
      return true
    }
  }
}
