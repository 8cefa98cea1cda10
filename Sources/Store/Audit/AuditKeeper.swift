package import Telemetry

/// Signs how the log stands every ten seconds and after each transition, hands that to the witness, and walks the whole log
/// at the start and every hour.
package final class AuditKeeper: Sendable {
  private let store: SQLiteControlStore
  private let trust: AuditLog.Trust
  private let witness: AuditWitness?
  private let sleep: @Sendable (Duration) async -> Void
  private let broken: Gauge
  private let signed: Gauge
  private let failures: Counter
  private let told: @Sendable (AuditVerdict) -> Void

  /// At most this long does an entry stay without a checkpoint over it.
  package static let interval = Duration.seconds(10)
  /// Between walks over the whole log.
  package static let walkInterval = Duration.seconds(3600)

  /// - Parameters:
  ///   - keys: everyone who may have signed this log's checkpoints.
  ///   - told: hears of a walk that found something.
  package init(
    _ store: SQLiteControlStore, keys: [AuditVerifierKey], witness: AuditWitness?, metrics: MetricRegistry,
    sleep: @escaping @Sendable (Duration) async -> Void, told: @escaping @Sendable (AuditVerdict) -> Void
  ) throws(StoreFailure) {
    self.store = store
    self.witness = witness
    trust = AuditLog.Trust(keys: keys, witness: try witness?.read() ?? [])
    self.sleep = sleep
    self.told = told
    broken = metrics.gauge(MetricCatalog.auditChainErrors)
    signed = metrics.gauge(MetricCatalog.auditCheckpointSize)
    failures = metrics.counter(MetricCatalog.auditWriteFailures)
  }

  /// Runs until cancelled.
  package func run() async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await self.signOften() }
      group.addTask { await self.walkOften() }
    }
  }

  /// Walks the log with everything that vouches for it and keeps the answer in `breakwater_audit_chain_errors`.
  @discardableResult
  package func walk() async throws(StoreFailure) -> AuditVerdict {
    let verdict = try await store.verifyAudit(trust)
    broken.set(verdict.isSound ? 0 : 1)
    if !verdict.isSound { told(verdict) }
    return verdict
  }

  /// Signs if anything was logged since `last`, and hands it to the witness. Returns the size signed.
  package func sign(after last: Int64) async -> Int64 {
    do throws(StoreFailure) {
      guard let checkpoint = try await store.checkpoint() else { return last }
      signed.set(Double(checkpoint.size))
      if checkpoint.size != last { try witness?.append(checkpoint) }
      return checkpoint.size
    } catch {
      failures.increment()
      return last
    }
  }

  private func signOften() async {
    let (turns, turn) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
    await withTaskGroup(of: Void.self) { group in
      group.addTask {
        while !Task.isCancelled {
          turn.yield()
          await self.sleep(Self.interval)
        }
        turn.finish()
      }
      group.addTask { for await _ in self.store.committed { turn.yield() } }
      var last = trust.witness.last?.size ?? -1
      for await _ in turns { last = await sign(after: last) }
    }
  }

  private func walkOften() async {
    while !Task.isCancelled {
      do throws(StoreFailure) {
        try await walk()
      } catch {
        failures.increment()
      }
      await sleep(Self.walkInterval)
    }
  }
}
