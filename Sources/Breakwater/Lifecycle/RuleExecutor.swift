import Dispatch

/// Where rules are evaluated, and what they set off begins: on a thread that neither queries of dashboards nor anything
/// else that fills or blocks the shared ones can take.
final class RuleExecutor: TaskExecutor {
  /// Dispatch brings a serial queue a thread of its own when those of the pool are taken.
  private let queue = DispatchQueue(label: "breakwater.rules", qos: .userInitiated)

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
  }
}
