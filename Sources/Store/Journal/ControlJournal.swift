package import ControlModel
import Dispatch
import Synchronization

/// Append-only file of stops, on disk before a stop is answered: it does not wait for SQLite, and it is what a restart
/// trusts when the database did not get the last word. `docs/reference/control-journal.md` specifies its bytes.
///
/// Records and emptying take effect in the order they were asked for. A caller may therefore ask for emptying whenever the
/// store holds every stop asked to be recorded before.
package final class ControlJournal: Sendable {
  private let storage: any StableStorage
  /// Where the sound records end. A write that failed half way leaves rubbish beyond it, which the next one replaces.
  private let end: Atomic<Int>
  /// One writer, off the cooperative pool, because an fsync may take long.
  private let queue = DispatchQueue(label: "breakwater.journal", qos: .userInitiated)

  /// Opens or creates the journal file and returns the stops in it, in order. A last record cut short by a crash, of which
  /// nobody was told, is dropped; damage throws `corrupt` and changes nothing.
  package static func open(_ path: String) throws(StoreFailure) -> (journal: ControlJournal, stops: [Control]) {
    try open(FileStorage(path), path)
  }

  package static func open(
    _ storage: any StableStorage, _ name: String
  ) throws(StoreFailure) -> (journal: ControlJournal, stops: [Control]) {
    let bytes = try storage.read()
    let (stops, sound) = try JournalRecord.decode(bytes, name)
    if sound == 0 {
      try storage.write(JournalRecord.magic, at: 0)
    } else if sound < bytes.count {
      try storage.write([], at: sound)
    }
    return (ControlJournal(storage, end: max(sound, JournalRecord.magic.count)), stops)
  }

  private init(_ storage: any StableStorage, end: Int) {
    self.storage = storage
    self.end = Atomic(end)
  }

  /// Bytes of records, sound ones only.
  package var bytes: Int { end.load(ordering: .relaxed) - JournalRecord.magic.count }

  /// Appends a stop; when it returns, it survives a crash. Throws `unavailable` when the disk refuses. Takes as long as the
  /// disk takes; its place in the order is taken before the first suspension.
  package func record(_ control: Control) async throws(StoreFailure) {
    let record = try JournalRecord.encode(control)
    try await inOrder { () throws(StoreFailure) in
      let offset = self.end.load(ordering: .relaxed)
      try self.storage.write(record, at: offset)
      self.end.store(offset + record.count, ordering: .relaxed)
    }
  }

  /// Drops every record; its place in the order is taken before the first suspension.
  package func clear() async throws(StoreFailure) {
    try await inOrder { () throws(StoreFailure) in
      try self.storage.write([], at: JournalRecord.magic.count)
      self.end.store(JournalRecord.magic.count, ordering: .relaxed)
    }
  }

  private func inOrder(_ work: @escaping @Sendable () throws(StoreFailure) -> Void) async throws(StoreFailure) {
    let result: Result<Void, StoreFailure> = await withCheckedContinuation { continuation in
      queue.async { continuation.resume(returning: Result(catching: work)) }
    }
    try result.get()
  }
}
