package import ControlModel
import Synchronization

/// Mints control-plane ids: time-ordered, unique within the installation. The root seeds it; tests pass a fixed seed.
package final class IDSource: Sendable {
  private let random: Mutex<FastRandom>
  private let now: @Sendable () -> WallTime

  package init(seed: UInt64, now: @escaping @Sendable () -> WallTime) {
    random = Mutex(FastRandom(seed: seed))
    self.now = now
  }

  /// `ctl_…`
  package func controlID() -> ControlID { id("ctl_") }
  /// `apr_…`
  package func approvalID() -> ApprovalID { id("apr_") }

  /// `sil_…`
  package func silenceID() -> String { text("sil_") }

  /// A name of the control plane's other documents, e.g. `win_…`.
  package func name(_ prefix: String) -> String {
    let id: ControlID = id(prefix)
    return id.text
  }

  /// `act_…`
  package func actAsID() -> String {
    let id: ID<Void> = id("act_")
    return id.text
  }

  package func requestID() -> RequestID {
    random.withLock { UUIDv7.requestID(at: now().unixMilliseconds, random: &$0) }
  }

  package func word() -> UInt64 { random.withLock { $0.next() } }

  /// 48 bits of time and 64 random ones in Crockford base 32: sorts by time, short enough to read aloud.
  private func text(_ prefix: String) -> String {
    let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)
    var bytes = Array(prefix.utf8)
    func append(_ value: UInt64, digits: Int) {
      for position in (0..<digits).reversed() { bytes.append(alphabet[Int(value >> UInt64(position * 5) & 31)]) }
    }
    append(UInt64(truncatingIfNeeded: now().unixMilliseconds), digits: 10)
    append(word() >> 14, digits: 10)
    return String(decoding: bytes, as: UTF8.self)
  }

  private func id<Tag>(_ prefix: String) -> ID<Tag> {
    guard let id = ID<Tag>(text(prefix)) else { preconditionFailure("\(prefix) ids are made of the id alphabet") }
    return id
  }
}
