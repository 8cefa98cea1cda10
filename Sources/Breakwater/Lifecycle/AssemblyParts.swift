import AdminAPI
import ControlModel
import ControlPlane
import Foundation
package import Identity
import Realtime
import Store
import Strategy
import Synchronization
import Telemetry
import TradingRuntime
import Wire

/// The version this binary says it is.
package enum BuildVersion {
  package static let text = "0.1.0"
}

/// Whether the process is on its way out.
final class DrainState: Sendable {
  private let draining = Atomic<Bool>(false)

  var isDraining: Bool { draining.load(ordering: .relaxed) }
  func start() { draining.store(true, ordering: .relaxed) }
}

/// A market without bars, for an installation that trades nothing.
struct NoMarket: MarketData {
  var symbols: [Symbol] { [] }
  var position: String { "" }

  func history(of symbol: Symbol) -> [Bar] { [] }
  mutating func next(at now: WallTime) -> [MarketBar] { [] }
}

/// Writes whole blocks of log lines to standard output with write(2): nothing is lost in a buffer on a crash.
enum StandardOutput {
  @Sendable static func write(_ bytes: [UInt8]) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Foundation.write(1, $0.baseAddress, $0.count) }
      guard count > 0 else { return }  // nobody reads any more; the segments have the lines
      rest = rest.dropFirst(count)
    }
  }
}

/// Tells the log and the streams about control changes.
struct ControlAnnouncer: Sendable {
  let events: EventLog
  let bus: EventBus

  @Sendable func announce(_ notice: ControlNotice) {
    let scope = notice.controls.map(\.scope.summary).joined(separator: "; ")
    let first = notice.controls.first
    let body =
      switch notice.what {
      case .sealed: "\(notice.actor) stopped \(scope): \(first?.reason ?? "")"
      case .accepted:
        "\(notice.actor) stopped \(scope) here; it is not on disk yet, or other gates have not all acknowledged"
      case .recorded: "recorded \(scope)"
      case .settled: "every order of \(scope) has a known outcome"
      case .stage: "a release of \(scope) is at: \(notice.detail ?? "")"
      case .tripped: "a staged release of \(scope) stopped again: \(notice.detail ?? "")"
      case .brokeGlass: "\(notice.actor) released \(scope) alone: \(notice.detail ?? "")"
      case .flattening: "\(notice.actor) approved closing the positions of \(scope)"
      case .flattened: "flattening of \(scope) ended: \(notice.detail ?? "")"
      case .released: "\(notice.actor) released \(scope)"
      case .approvalRequested: "\(notice.actor) asked for a release: \(notice.approval?.reason ?? "")"
      case .approvalDenied: "\(notice.actor) denied a release"
      }
    events.emit(
      LogEvent(
        "control.\(notice.what.rawValue)", [.sealed, .tripped, .brokeGlass].contains(notice.what) ? .warn : .info,
        at: notice.at, component: "control",
        body: body, requestID: notice.requestID, tenant: first?.scope.tenant, actor: notice.actor,
        attributes: [("epoch", .int(Int(notice.epoch.value))), ("control", .string(first?.id.text ?? ""))]))
    let items = notice.controls.map { ControlItem($0) }
    struct Change: Encodable {
      let what: String
      let epoch: UInt64
      let actor: String
      let controls: [ControlItem]
      let detail: String?
    }
    bus.publish(
      "controls", at: notice.at, requestID: notice.requestID,
      WireJSON.encode(
        Change(
          what: notice.what.rawValue, epoch: notice.epoch.value, actor: notice.actor, controls: items,
          detail: notice.detail)))
  }
}

/// What the process uses, read from the system when metrics are collected.
enum ProcessMetrics {
  /// Nanoseconds between two looks at every file's size.
  private static let filesInterval: Int64 = 10_000_000_000

  static func register(_ metrics: MetricRegistry, directory: DataDirectory, clocks: Clocks) {
    let memory = metrics.gauge(MetricCatalog.processResidentMemory)
    let descriptors = metrics.gauge(MetricCatalog.processOpenFDs)
    let cpu = metrics.counter(MetricCatalog.processCPU)
    let bytes = metrics.family(MetricCatalog.storageBytes)
    let free = metrics.family(MetricCatalog.storageFree).gauge("data")
    let size = metrics.family(MetricCatalog.storageSize).gauge("data")
    let counted = Mutex(0)
    let countFilesAt = Mutex(Int64.min)
    metrics.onCollect {
      memory.set(residentBytes())
      descriptors.set(openDescriptors())
      let used = cpuNanoseconds()
      counted.withLock { last in
        cpu.increment(by: max(0, used - last))
        last = max(last, used)
      }
      let now = clocks.monotonic()
      let isDue = countFilesAt.withLock { next in
        defer { if now >= next { next = now + Self.filesInterval } }
        return now >= next
      }
      if isDue {
        for (store, sum) in directory.bytes(of: ["control", "trading", "alerts", "logs", "metrics"]) {
          bytes.gauge(store).set(Double(sum))
        }
      }
      let volume = directory.volume()
      free.set(volume.free)
      size.set(volume.size)
    }
  }

  private static func residentBytes() -> Double {
    guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else { return 0 }
    let pages = text.split(separator: " ").dropFirst().first.flatMap { Double($0) } ?? 0
    return pages * Double(sysconf(Int32(_SC_PAGESIZE)))
  }

  private static func openDescriptors() -> Double {
    var status = stat()
    // Linux tells it since 6.2. Counting holds the processor for as long as it takes: 200 µs for 130.
    if stat("/proc/self/fd", &status) == 0, status.st_size > 0 { return Double(status.st_size) }
    guard let folder = opendir("/proc/self/fd") else { return 0 }
    defer { closedir(folder) }
    var count = 0
    while readdir(folder) != nil { count += 1 }  // no names are made: there may be thousands
    // This folder's own, and the entries of the folder itself and the one above.
    return Double(max(0, count - 3))
  }

  private static func cpuNanoseconds() -> Int {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return time.tv_sec * 1_000_000_000 + time.tv_nsec
  }
}

/// Where signing keys come from, and how the request path asks for missing ones.
struct IdentitySources {
  let verifier: TokenVerifier
  let refresher: KeyRefresher?
  let status: @Sendable () -> KeyRefreshStatus
  let keyMissing: @Sendable ([UInt8], @escaping @Sendable () -> Void) -> Bool

  /// Reads static keys now; a URL is fetched by the refresher when it runs. Throws `ConfigurationProblems` for a key file
  /// that cannot be used.
  init(
    _ auth: Configuration.Auth, actAs: ActAsAuthority?, options: Assembly.Options, metrics: MetricRegistry
  ) throws {
    var pinned = KeySet()
    if let secret = auth.developmentSecret {
      pinned = try Self.keys("JWT_SECRET") { () throws(KeySetProblem) in try KeySet(developmentSecret: secret) }
    }
    metrics.gauge(MetricCatalog.authDevelopmentKeys).set(auth.developmentSecret == nil ? 0 : 1)
    if let pem = auth.pinnedPEM {
      pinned = try Self.keys("PLATFORM_JWT_PUBLIC_KEY") { () throws(KeySetProblem) in try KeySet(pem: pem) }
    }
    var url: String?
    switch auth.jwks {
    case .file(let path):
      guard let data = FileManager.default.contents(atPath: path) else {
        throw ConfigurationProblems(
          problems: [
            ConfigurationProblem(file: path, line: nil, key: "auth.jwks", message: "the key set cannot be read")
          ])
      }
      let bytes = [UInt8](data)
      pinned = pinned.merging(try Self.keys(path) { () throws(KeySetProblem) in try KeySet(jwks: bytes) })
    case .url(let address): url = address
    case nil: break
    }
    let store = KeyStore(pinned: pinned, expectsFetched: url != nil)
    verifier = TokenVerifier(auth.policy, keys: store, actAs: actAs)
    guard let url else {
      refresher = nil
      let fixed = KeyRefreshStatus(pinned: pinned)
      status = { fixed }
      keyMissing = { _, _ in false }
      let keys = metrics.gauge(MetricCatalog.jwksKeys)
      metrics.onCollect { keys.set(Double(fixed.keyIDs.count)) }
      return
    }
    let clocks = options.clocks
    let refresher = KeyRefresher(
      store, settings: options.keyRefresh, seed: SystemSources.seed(),
      clock: KeyRefresher.Clock(
        now: { .nanoseconds(clocks.monotonic()) }, wallTime: { clocks.now },
        sleep: { try await Task.sleep(for: $0) }),
      fetch: {
        try await OutboundHTTP.get(url, within: .seconds(2), bytesMax: StrictJSON.Limits.keySet.bytesMax)
      })
    self.refresher = refresher
    status = { refresher.status }
    keyMissing = { token, resume in refresher.keyMissing(token.span, then: resume) }
    Self.register(refresher, metrics)
  }

  private static func keys(_ source: String, _ read: () throws(KeySetProblem) -> KeySet) throws -> KeySet {
    do throws(KeySetProblem) {
      return try read()
    } catch {
      throw ConfigurationProblems(
        problems: [
          ConfigurationProblem(file: source, line: nil, key: "auth.jwks", message: "the key set is refused: \(error)")
        ])
    }
  }

  private static func register(_ refresher: KeyRefresher, _ metrics: MetricRegistry) {
    let last = metrics.gauge(MetricCatalog.jwksLastSuccess)
    let keys = metrics.gauge(MetricCatalog.jwksKeys)
    let fetches = metrics.family(MetricCatalog.jwksFetches)
    let (ok, failed) = (fetches.counter("ok"), fetches.counter("failed"))
    let seen = Mutex((ok: 0, failed: 0))
    metrics.onCollect {
      let status = refresher.status
      if let success = status.lastSuccess { last.set(Double(success.unixMilliseconds) / 1000) }
      keys.set(Double(status.keyIDs.count))
      seen.withLock { seen in
        let good = status.fetches - status.failures
        ok.increment(by: max(0, good - seen.ok))
        failed.increment(by: max(0, status.failures - seen.failed))
        seen = (good, status.failures)
      }
    }
  }
}

/// Loads an installation's keys once, for judging tokens outside the service.
package enum IdentityCheck {
  /// A verifier with the configuration's policy and keys; fetches them when they come from a URL.
  package static func verifier(_ configuration: Configuration) async throws -> TokenVerifier {
    let sources = try IdentitySources(
      configuration.auth, actAs: nil, options: Assembly.Options(), metrics: MetricRegistry())
    if case .url(let url) = configuration.auth.jwks {
      let bytes = try await OutboundHTTP.get(url, within: .seconds(5), bytesMax: StrictJSON.Limits.keySet.bytesMax)
      sources.verifier.keys.replaceFetched(try KeySet(jwks: bytes))
    }
    return sources.verifier
  }
}
