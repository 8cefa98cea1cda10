import BreakwaterTesting
import ControlModel
import Foundation
import Store
import Telemetry

/// Controls, entries and fixtures of the store's tests.
enum Sample {
  static let now = WallTime(unixSeconds: 1_795_348_800)

  static func control(_ id: String, epoch: UInt64, reason: String = "sample: because of a test") -> Control {
    Control(
      id: ControlID(id)!,  // test ids are ids
      scope: ControlScope(tenant: TenantID("orchid"), profile: ProfileID("scalper-1"), symbol: Symbol("BRK.B")),
      kind: .halt, level: .halted, cancel: .entries, reason: reason, ticket: "OPS-1", actor: "ada",
      origin: .alert(fingerprint: "f00d"), createdAt: now, epoch: Epoch(epoch),
      reviewBy: now.adding(milliseconds: 1_800_000), requestID: RequestID(checked: "sample-request"))
  }

  static func entry(_ index: Int, action: String = "control.impose") -> AuditEntry {
    AuditEntry(
      at: now.adding(milliseconds: Int64(index)), actor: "ada", actingAs: index == 2 ? "grace" : nil, action: action,
      object: "ctl_\(index)", before: "", after: "00ff", requestID: RequestID(checked: "sample-request-\(index)"),
      reason: "quote \" backslash \\ tab \t é 😀 \u{2028} \u{0}", summary: "entry \(index)")
  }

  /// A commit that imposes one control at the epoch after `epoch`.
  static func imposing(_ id: String, after epoch: UInt64) -> ControlCommit {
    ControlCommit(
      expecting: Epoch(epoch), epoch: Epoch(epoch + 1), imposed: [control(id, epoch: epoch + 1)],
      audit: entry(Int(epoch)))
  }

  static func releasing(_ id: String, after epoch: UInt64) -> ControlCommit {
    ControlCommit(
      expecting: Epoch(epoch), epoch: Epoch(epoch + 1), released: [ControlID(id)!],  // a test id is an id
      release: ReleaseNote(by: "ada", approvedBy: "grace", at: now, reason: "sample: go on", isBreakGlass: false),
      audit: entry(Int(epoch), action: "control.release"))
  }

  static func sqlite(_ folder: TemporaryFolder) throws -> SQLiteControlStore {
    try SQLiteControlStore(folder.file("control.sqlite"), clocks: TestClock().clocks, metrics: MetricRegistry())
  }

  static func fixture(_ name: String) throws -> String {
    try String(contentsOf: Bundle.module.resourceURL!.appendingPathComponent("Fixtures/\(name)"), encoding: .utf8)
  }
}
