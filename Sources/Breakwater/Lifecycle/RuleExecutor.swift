import Threads

/// Where rules are evaluated, and what they set off begins: on a thread that neither queries of dashboards nor anything
/// else that fills or blocks the shared ones can take, and that does not keep requests waiting.
final class RuleExecutor: TaskExecutor {
  private let thread = WorkThreads("rules", niceness: 0)

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    thread.run { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
  }

  /// Pauses a task that runs here, woken by the same thread.
  func sleep(_ nanoseconds: Int64) async {
    await withCheckedContinuation { continuation in thread.run(after: nanoseconds) { continuation.resume() } }
  }
}
