import DataPlane
import Synchronization
import Threads

/// Runs queries on threads of their own, a few at a time and below everything else. On the threads that everything
/// asynchronous shares, two slow queries would stop alerting and trading on a machine with two cores; as threads of equal
/// weight they would slow rules down.
final class QueryLanes: EndpointLane {
  /// Of the process: both listeners serve queries.
  static let shared = QueryLanes(threads: threadsShared, waitingMax: 64, niceness: 10)
  static let threadsShared = 2

  private let threads: WorkThreads
  private let waitingMax: Int
  private let waiting = Atomic<Int>(0)

  /// - Parameters:
  ///   - waitingMax: queries running and waiting; a dashboard asks some twenty at once.
  ///   - niceness: see `WorkThreads`.
  init(threads count: Int, waitingMax: Int, niceness: Int32 = 0) {
    threads = WorkThreads("query", count: count, niceness: niceness)
    self.waitingMax = waitingMax
  }

  /// Why a query was not run.
  struct Busy: Error {}

  /// The result of `work`. Its argument says whether nobody waits for the result any more.
  func run<Result: Sendable>(
    _ work: @escaping @Sendable (_ isAbandoned: @escaping @Sendable () -> Bool) -> Result
  ) async throws(Busy) -> Result {
    let isHere = withUnsafeCurrentTask { $0?.unownedTaskExecutor == asUnownedTaskExecutor() }
    guard isHere || enter() else { throw Busy() }
    defer { if !isHere { leave() } }
    let abandoned = Flag()
    return await withTaskCancellationHandler {
      if isHere { return work { abandoned.isSet } }
      return await withCheckedContinuation { continuation in
        threads.run { continuation.resume(returning: work { abandoned.isSet }) }
      }
    } onCancel: {
      abandoned.set()
    }
  }

  // MARK: Endpoints

  func enter() -> Bool {
    if waiting.add(1, ordering: .relaxed).newValue <= waitingMax { return true }
    leave()
    return false
  }

  func leave() { waiting.subtract(1, ordering: .relaxed) }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    threads.run { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
  }
}

/// Set once, read from any thread.
private final class Flag: Sendable {
  private let value = Atomic<Bool>(false)

  var isSet: Bool { value.load(ordering: .relaxed) }
  func set() { value.store(true, ordering: .relaxed) }
}
