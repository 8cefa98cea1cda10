package import Store
import Synchronization

/// Bytes in memory with a disk's faults. What was written before a failure stays, as on a disk.
package final class SimulatedStorage: StableStorage {
  package let faults = FaultSwitch()
  private let content: Mutex<[UInt8]>
  private let told: @Sendable (String) -> Void

  /// - Parameter told: hears of each write that succeeded.
  package init(_ bytes: [UInt8] = [], told: @escaping @Sendable (String) -> Void = { _ in }) {
    content = Mutex(bytes)
    self.told = told
  }

  package var bytes: [UInt8] { content.withLock { $0 } }

  package func read() throws(StoreFailure) -> [UInt8] { bytes }

  package func write(_ bytes: [UInt8], at offset: Int) throws(StoreFailure) {
    let fault = faults.fault
    defer { faults.noteTry() }
    let kept: [UInt8]
    switch fault {
    case .refuses: throw Fault.failure
    case .tears(let count): kept = Array(bytes.prefix(count))
    case .none, .liesAboutFailure: kept = bytes
    }
    content.withLock { $0 = Array($0.prefix(offset)) + kept }
    guard fault == .none else { throw Fault.failure }
    told(bytes.isEmpty ? "journal cleared" : "journal written")
  }
}
