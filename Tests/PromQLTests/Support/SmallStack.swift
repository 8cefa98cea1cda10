import Foundation
import Synchronization

/// Bytes of a stack that is small for the build: half a mebibyte, a sixteenth of what the product's threads have.
/// Unoptimised frames are several times as large.
#if DEBUG
  private let smallStackBytes = 2048 * 1024
#else
  private let smallStackBytes = 512 * 1024
#endif

/// Runs `body` on a thread with a small stack.
func withSmallStack<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) throws -> Result {
  let result = Mutex<Swift.Result<Result, any Error>?>(nil)
  let done = DispatchSemaphore(value: 0)
  let thread = Thread {
    let outcome = Swift.Result { try body() }
    result.withLock { $0 = outcome }
    done.signal()
  }
  thread.stackSize = smallStackBytes
  thread.start()
  done.wait()
  guard let outcome = result.withLock({ $0 }) else { fatalError("the thread signals after it has stored its outcome") }
  return try outcome.get()
}
