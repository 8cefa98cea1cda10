import Foundation
import PromQL
import Synchronization

/// Runs queries on threads of their own, a few at a time. On the threads that everything asynchronous shares, two slow
/// queries would stop alerting and trading on a machine with two cores.
final class QueryLanes: Sendable {
  /// Of the process: both listeners serve queries.
  static let shared = QueryLanes(threads: 2, waitingMax: 64)

  private let threads: OperationQueue
  private let waitingMax: Int
  private let waiting = Atomic<Int>(0)

  /// - Parameter waitingMax: queries running and waiting; a dashboard asks some twenty at once.
  init(threads count: Int, waitingMax: Int) {
    threads = OperationQueue()
    threads.maxConcurrentOperationCount = count
    threads.qualityOfService = .utility
    self.waitingMax = waitingMax
  }

  /// Why a query was not run.
  struct Busy: Error {}

  /// The result of `work`. Its argument says whether nobody waits for the result any more.
  func run<Result: Sendable>(
    _ work: @escaping @Sendable (_ isAbandoned: @escaping @Sendable () -> Bool) -> Result
  ) async throws(Busy) -> Result {
    guard waiting.add(1, ordering: .relaxed).newValue <= waitingMax else {
      waiting.subtract(1, ordering: .relaxed)
      throw Busy()
    }
    defer { waiting.subtract(1, ordering: .relaxed) }
    let abandoned = Flag()
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        threads.addOperation { continuation.resume(returning: work { abandoned.isSet }) }
      }
    } onCancel: {
      abandoned.set()
    }
  }
}

/// Set once, read from any thread.
private final class Flag: Sendable {
  private let value = Atomic<Bool>(false)

  var isSet: Bool { value.load(ordering: .relaxed) }
  func set() { value.store(true, ordering: .relaxed) }
}
