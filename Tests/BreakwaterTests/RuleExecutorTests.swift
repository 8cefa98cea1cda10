import Dispatch
import Foundation
import Synchronization
import Testing

@testable import Breakwater

@Suite(.timeLimit(.minutes(3))) struct `A rule` {
  /// In a process of its own, which has as many shared threads as the machine has processors. Each is taken by work that
  /// goes on only when the rules' thread has run: on the shared ones that would be never.
  @Test func `is evaluated while every shared thread is taken`() async {
    await #expect(processExitsWith: .success) {
      let count = ProcessInfo.processInfo.activeProcessorCount
      let threads = SharedThreads()
      let watcher = Thread {
        while threads.taken.load(ordering: .relaxed) < count { usleep(100) }
        Task(executorPreference: RuleExecutor()) { for _ in 0..<count { threads.evaluated.signal() } }
      }
      watcher.start()
      let isEvaluated = await withTaskGroup { group in
        for _ in 0..<count { group.addTask { threads.take() } }
        return await group.reduce(true) { $0 && $1 }
      }
      precondition(isEvaluated, "the rules' thread did not run")
    }
  }
}

private final class SharedThreads: Sendable {
  let taken = Atomic<Int>(0)
  let evaluated = DispatchSemaphore(value: 0)

  /// Holds the thread it is called on until the rules' thread has run; false when that did not happen.
  func take() -> Bool {
    taken.add(1, ordering: .relaxed)
    return evaluated.wait(timeout: .now() + .seconds(60)) == .success
  }
}
