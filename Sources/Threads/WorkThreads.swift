private import CThreads
import Dispatch
import Foundation
import Synchronization

/// Threads of their own for work that must neither wait for the shared ones nor keep event loops waiting. They take what
/// is handed to them in turn, and end with this value, after what is queued. Whoever hands work over bounds how much.
package final class WorkThreads: Sendable {
  private let queue = WorkQueue()
  private let count: Int

  /// - Parameters:
  ///   - name: of the threads, a number added, as `top -H` shows it: 15 letters at most.
  ///   - niceness: as `ThreadSchedule.background`.
  package init(_ name: String, count: Int = 1, niceness: Int32) {
    self.count = count
    for number in 0..<count {
      let thread = Thread { [queue] in
        breakwater_name_thread("\(name)-\(number)")
        ThreadSchedule.background(niceness: niceness).adopt()
        while let work = queue.next() { work() }
      }
      thread.stackSize = 2 << 20
      thread.start()
    }
  }

  deinit { queue.close(count) }

  /// Has one of the threads do it, after what was handed over before.
  package func run(_ work: @escaping @Sendable () -> Void) { queue.add(work) }

  /// Has one of the threads do it in `nanoseconds`, before what waits by then. The threads keep the time themselves: nothing
  /// else wakes up for it. What is not due when this value ends is dropped.
  package func run(after nanoseconds: Int64, _ work: @escaping @Sendable () -> Void) {
    queue.add(work, at: .now() + .nanoseconds(Int(nanoseconds)))
  }
}

private final class WorkQueue: Sendable {
  private struct State {
    /// In the order it came, and what came before it, the next last: taking one costs the same however many wait.
    private var arrived: [@Sendable () -> Void] = []
    private var turned: [@Sendable () -> Void] = []
    /// Soonest last.
    var later: [(at: DispatchTime, work: @Sendable () -> Void)] = []
    var isClosed = false

    mutating func append(_ one: @escaping @Sendable () -> Void) { arrived.append(one) }

    mutating func removeFirst() -> (@Sendable () -> Void)? {
      if turned.isEmpty {
        turned = arrived.reversed()
        arrived = []
      }
      return turned.popLast()
    }
  }

  private let state = Mutex(State())
  /// One for each piece of work and each change of when to look again, and for each thread that is to end.
  private let available = DispatchSemaphore(value: 0)

  func add(_ one: @escaping @Sendable () -> Void) {
    state.withLock { $0.append(one) }
    available.signal()
  }

  func add(_ one: @escaping @Sendable () -> Void, at time: DispatchTime) {
    state.withLock { state in
      state.later.insert((time, one), at: state.later.firstIndex { $0.at < time } ?? state.later.endIndex)
    }
    available.signal()
  }

  /// Waits for work; nil when there will be none.
  func next() -> (@Sendable () -> Void)? {
    while true {
      let soonest = state.withLock { $0.later.last?.at } ?? .distantFuture
      let isSignal = available.wait(timeout: soonest) == .success
      enum Found { case work(@Sendable () -> Void), nothing, end }
      let found = state.withLock { state -> Found in
        if let last = state.later.last, last.at <= .now() {
          // The signal, if there was one, stands for something else that is still to be done.
          if isSignal { available.signal() }
          return .work(state.later.removeLast().work)
        }
        guard isSignal else { return .nothing }
        if let first = state.removeFirst() { return .work(first) }
        return state.isClosed ? .end : .nothing
      }
      switch found {
      case .work(let work): return work
      case .nothing: continue
      case .end: return nil
      }
    }
  }

  /// Ends `threads` threads after what is queued.
  func close(_ threads: Int) {
    state.withLock { $0.isClosed = true }
    for _ in 0..<threads { available.signal() }
  }
}
