import Dispatch
import Foundation
import Synchronization

/// Runs queries on threads of their own, a few at a time and below everything else. On the threads that everything
/// asynchronous shares, two slow queries would stop alerting and trading on a machine with two cores; as threads of equal
/// weight they would slow rules down.
final class QueryLanes: Sendable {
  /// Of the process: both listeners serve queries.
  static let shared = QueryLanes(threads: threadsShared, waitingMax: 64, niceness: 10)
  static let threadsShared = 2

  private let queue = WorkQueue()
  private let threads: Int
  private let waitingMax: Int
  private let waiting = Atomic<Int>(0)

  /// - Parameters:
  ///   - waitingMax: queries running and waiting; a dashboard asks some twenty at once.
  ///   - niceness: of the threads; 0 is everyone's weight, 10 a tenth of it.
  init(threads count: Int, waitingMax: Int, niceness: Int32 = 0) {
    threads = count
    self.waitingMax = waitingMax
    for number in 0..<count {
      let thread = Thread { [queue] in
        // On Linux the calling thread's own.
        if niceness > 0 { setpriority(.init(PRIO_PROCESS.rawValue), 0, niceness) }
        while let work = queue.next() { work() }
      }
      thread.name = "query-\(number)"
      thread.stackSize = 2 << 20
      thread.start()
    }
  }

  deinit { queue.close(threads) }

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
        queue.add { continuation.resume(returning: work { abandoned.isSet }) }
      }
    } onCancel: {
      abandoned.set()
    }
  }
}

/// Work handed from many threads to few. The lanes bound its length.
private final class WorkQueue: Sendable {
  private let work = Mutex<[@Sendable () -> Void]>([])
  /// One for each piece of work, and for each thread that is to end.
  private let available = DispatchSemaphore(value: 0)

  func add(_ one: @escaping @Sendable () -> Void) {
    work.withLock { $0.append(one) }
    available.signal()
  }

  /// Waits for work; nil when there will be none.
  func next() -> (@Sendable () -> Void)? {
    available.wait()
    return work.withLock { $0.isEmpty ? nil : $0.removeFirst() }
  }

  /// Ends `threads` threads after what is queued.
  func close(_ threads: Int) {
    for _ in 0..<threads { available.signal() }
  }
}

/// Set once, read from any thread.
private final class Flag: Sendable {
  private let value = Atomic<Bool>(false)

  var isSet: Bool { value.load(ordering: .relaxed) }
  func set() { value.store(true, ordering: .relaxed) }
}
