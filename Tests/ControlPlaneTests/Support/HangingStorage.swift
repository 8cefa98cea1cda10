import Dispatch
import Store
import Synchronization

/// A disk whose writes block their thread while it hangs, as an fsync does.
final class HangingStorage: StableStorage {
  private let content = Mutex([UInt8]())
  private let isHanging = Mutex(false)
  private let blocked = Mutex(0)
  private let door = DispatchSemaphore(value: 0)

  func hang() { isHanging.withLock { $0 = true } }

  /// Whether a write waits.
  var isBlocking: Bool { blocked.withLock { $0 } > 0 }

  /// Lets the one blocked write go on, and later ones through.
  func goOn() {
    isHanging.withLock { $0 = false }
    door.signal()
  }

  func read() throws(StoreFailure) -> [UInt8] { content.withLock { $0 } }

  func write(_ bytes: [UInt8], at offset: Int) throws(StoreFailure) {
    if isHanging.withLock({ $0 }) {
      blocked.withLock { $0 += 1 }
      door.wait()
    }
    content.withLock { $0 = Array($0.prefix(offset)) + bytes }
  }
}
