import Dispatch
import Foundation
import Synchronization

/// Threads of their own for work that must neither wait for the shared ones nor keep event loops waiting. They take what
/// is handed to them in turn, and end with this value, after what is queued. Whoever hands work over bounds how much.
package final class WorkThreads: Sendable {
  private let queue = WorkQueue()
  private let count: Int

  /// - Parameters:
  ///   - name: of the threads, a number added.
  ///   - niceness: 0 is everyone's weight, 5 a third, 10 a tenth of it: threads with less are put aside as soon as an
  ///     event loop of the same processor has something to do.
  package init(_ name: String, count: Int = 1, niceness: Int32) {
    self.count = count
    for number in 0..<count {
      let thread = Thread { [queue] in
        // On Linux the calling thread's own.
        if niceness > 0 { setpriority(.init(PRIO_PROCESS.rawValue), 0, niceness) }
        while let work = queue.next() { work() }
      }
      thread.name = "\(name)-\(number)"
      thread.stackSize = 2 << 20
      thread.start()
    }
  }

  deinit { queue.close(count) }

  /// Has one of the threads do it, after what was handed over before.
  package func run(_ work: @escaping @Sendable () -> Void) { queue.add(work) }
}

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
