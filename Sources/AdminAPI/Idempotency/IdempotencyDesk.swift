package import ControlModel
import DataPlane
import GRDB
import Identity
import NIOCore
package import Store
import Telemetry

/// Makes a repeated command with the same `Idempotency-Key` the same command: a repeat joins the one that runs, or gets
/// the answer that was given. Failures are not kept, so that a failed stop can be tried again at once.
package actor IdempotencyDesk {
  private struct Running {
    let digest: String
    var waiters: [CheckedContinuation<Void, Never>] = []
  }

  private let store: SQLiteControlStore
  private let now: @Sendable () -> WallTime
  private var running: [String: Running] = [:]

  /// Longest key, in bytes.
  static let keyBytesMax = 128

  package init(_ store: SQLiteControlStore, now: @escaping @Sendable () -> WallTime) {
    self.store = store
    self.now = now
  }

  /// Answers `call` by `work`, once per key, principal and route. Without a key `work` simply runs.
  ///
  /// Refuses `idempotency.reused` when the key came with another body.
  func answer(
    _ call: Call, route: String, _ work: @Sendable () async throws(Refusal) -> Reply
  ) async throws(Refusal) -> Reply {
    guard let key = call.field("idempotency-key") else { return try await work() }
    guard (1...Self.keyBytesMax).contains(key.utf8.count) else {
      throw Refusal(.requestInvalid, "Idempotency-Key has 1 to \(Self.keyBytesMax) bytes.")
    }
    let scoped = Self.scope(call.caller, route, key)
    let digest = DocumentDigest.of(Array(call.path.utf8) + [0] + Array(call.body.readableBytesView))
    while true {
      if let kept = await kept(scoped) { return try replay(kept, digest) }
      guard let other = running[scoped] else { break }
      guard other.digest == digest else { throw Self.reused }
      await withCheckedContinuation { running[scoped]?.waiters.append($0) }
    }
    running[scoped] = Running(digest: digest)
    defer { finish(scoped) }
    let reply = try await work()
    if case .bytes(let body) = reply.body, reply.status < 300 {
      await keep(OperationRecords.KeptAnswer(digest: digest, status: reply.status, body: body), scoped)
    }
    return reply
  }

  /// The same name in two tenants is two people, as are a tenant's user and who acts as that tenant; none may be given
  /// another's answer. No part can hold a line
  /// feed, so that no two scopes spell the same.
  private static func scope(_ caller: Principal?, _ route: String, _ key: String) -> String {
    "\(caller?.tenant?.text ?? "")\n\(caller?.subject ?? "")\n\(caller?.actingAs?.session ?? "")\n\(route)\n\(key)"
  }

  private static let reused = Refusal(
    .idempotencyReused, "This Idempotency-Key was used with another body; use a new key for a new command.")

  private func replay(_ kept: OperationRecords.KeptAnswer, _ digest: String) throws(Refusal) -> Reply {
    guard kept.digest == digest else { throw Self.reused }
    return Reply(
      kept.status, contentType: "application/json",
      fields: [("Cache-Control", "no-store"), ("Idempotency-Replayed", "true")], body: .bytes(kept.body))
  }

  private func kept(_ key: String) async -> OperationRecords.KeptAnswer? {
    let now = now()
    // A store that cannot be read must not stop a stop: the command then runs, and imposing twice only restricts twice.
    return try? await store.database.read { try OperationRecords.answer(for: key, at: now, in: $0) }
  }

  private func keep(_ answer: OperationRecords.KeptAnswer, _ key: String) async {
    let now = now()
    _ = try? await store.database.write { try OperationRecords.keep(answer, for: key, at: now, in: $0) }
  }

  private func finish(_ key: String) {
    for waiter in running.removeValue(forKey: key)?.waiters ?? [] { waiter.resume() }
  }
}
