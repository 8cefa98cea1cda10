import BreakwaterTesting
import ControlModel
import Foundation
import Store
import Testing

/// The journal is what a restart trusts: it loses no stop it took, and reads nothing that nobody wrote.
@Suite struct `The control journal` {
  private let stops = (1...3).map {
    Sample.control("ctl_\($0)", epoch: UInt64($0), reason: "reason \"\($0)\" é 😀 / \\")
  }

  private func open(_ disk: SimulatedStorage) throws -> (journal: ControlJournal, stops: [Control]) {
    try ControlJournal.open(disk, "control.journal")
  }

  /// A journal of three stops, with where each record ends.
  private func written() async throws -> (bytes: [UInt8], ends: [Int]) {
    let disk = SimulatedStorage()
    let journal = try open(disk).journal
    var ends = [disk.bytes.count]
    for stop in stops {
      try await journal.record(stop)
      ends.append(disk.bytes.count)
    }
    return (disk.bytes, ends)
  }

  @Test func `gives back what it took, in order, also from a real file`() async throws {
    let folder = try TemporaryFolder()
    let (journal, none) = try ControlJournal.open(folder.file("control.journal"))
    #expect(none.isEmpty)
    for stop in stops { try await journal.record(stop) }
    #expect(try ControlJournal.open(folder.file("control.journal")).stops == stops)
    try await journal.clear()
    #expect(try ControlJournal.open(folder.file("control.journal")).stops.isEmpty)
  }

  @Test func `has the bytes its specification says`() async throws {
    let hex = try await written().bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    #expect(hex == (try Sample.fixture("control-journal.hex")).trimmingCharacters(in: .whitespacesAndNewlines))
  }

  @Test func `cut short at any byte gives the stops before the cut, and goes on from there`() async throws {
    let (bytes, ends) = try await written()
    for length in 0...bytes.count {
      let disk = SimulatedStorage(Array(bytes.prefix(length)))
      let (journal, found) = try open(disk)
      let whole = ends.lastIndex { $0 <= length } ?? 0
      #expect(found == Array(stops.prefix(whole)), "cut at \(length)")
      try await journal.record(stops[2])
      #expect(try open(disk).stops == found + [stops[2]], "cut at \(length)")
    }
  }

  @Test func `damaged at any byte is refused and left alone, and no stop is lost in silence`() async throws {
    let (bytes, _) = try await written()
    for position in bytes.indices {
      for flip: UInt8 in [0x01, 0x80, 0xff] {
        var damaged = bytes
        damaged[position] ^= flip
        let disk = SimulatedStorage(damaged)
        let failure = #expect(throws: StoreFailure.self, "byte \(position)") { _ = try open(disk) }
        #expect(failure?.kind == .corrupt)
        #expect(disk.bytes == damaged)
      }
    }
  }

  @Test func `ends where a crash left a file longer than what was written into it`() async throws {
    let bytes = try await written().bytes
    for zeros in [1, 4, 12, 500, 4096] {
      #expect(try open(SimulatedStorage(bytes + Array(repeating: 0, count: zeros))).stops == stops)
    }
  }

  @Test func `is refused when it is another file`() throws {
    for text in ["SQLite format 3", "BWJOUR02", "{}"] {
      let failure = #expect(throws: StoreFailure.self) { _ = try open(SimulatedStorage(Array(text.utf8))) }
      #expect(failure?.kind == .corrupt, "\(text)")
    }
  }

  @Test(arguments: [Fault.refuses, .tears(after: 0), .tears(after: 5), .tears(after: 40), .liesAboutFailure])
  func `after a write that failed holds every stop it took before and after`(fault: Fault) async throws {
    let disk = SimulatedStorage()
    let journal = try open(disk).journal
    try await journal.record(stops[0])
    disk.faults.fault = fault
    await #expect(throws: StoreFailure.self) { try await journal.record(stops[1]) }
    disk.faults.fault = .none
    try await journal.record(stops[2])
    #expect(try open(disk).stops == [stops[0], stops[2]])
  }

  @Test func `takes records and emptying in the order they were asked for`() async throws {
    let disk = SimulatedStorage()
    let journal = try open(disk).journal
    try await journal.record(stops[0])
    try await journal.clear()
    try await journal.record(stops[1])
    #expect(try open(disk).stops == [stops[1]])
    #expect(journal.bytes > 0)
    try await journal.clear()
    #expect(journal.bytes == 0)
  }

  @Test func `takes the longest stop that can be asked for`() async throws {
    let reason = String(repeating: "\"", count: Control.reasonLengthMax)
    let disk = SimulatedStorage()
    let journal = try open(disk).journal
    let longest = Sample.control("ctl_long", epoch: 1, reason: reason)
    try await journal.record(longest)
    #expect(try open(disk).stops == [longest])
  }

  @Test func `refuses what it could not read again`() async throws {
    let journal = try open(SimulatedStorage()).journal
    let endless = Sample.control("ctl_long", epoch: 1, reason: String(repeating: "x", count: 20_000))
    await #expect(throws: StoreFailure.self) { try await journal.record(endless) }
  }
}
