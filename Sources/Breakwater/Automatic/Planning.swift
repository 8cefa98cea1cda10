import AdminAPI
import ControlModel
import ControlPlane
import Realtime
import Store
import Telemetry
import TradingRuntime
import Wire

/// Stops that no person asks for at that moment: rules, the calendar, drills.
struct Planning {
  let automatic: AutomaticControls
  let windows: PlannedStops
  let drills: Drills
  let memory: PlaneMemory

  /// Throws when what was planned or done before cannot be read.
  init(
    _ settings: Configuration.Controls, processor: CommandProcessor, runtime: TradingRuntime,
    store: SQLiteControlStore, events: EventLog, bus: EventBus, clocks: Clocks, ids: IDSource, metrics: MetricRegistry
  ) throws {
    let memory = PlaneMemory(store) { clocks.now }
    let log = AutomaticMemory(store)
    self.memory = memory
    let announcer = AutomaticAnnouncer(events: events, bus: bus, clocks: clocks)
    automatic = AutomaticControls(
      settings.automatic, processor: processor, clocks: clocks, ids: ids, metrics: metrics, earlier: try log.recall(),
      remember: { record in
        do throws(StoreFailure) {
          try await log.keep(record, requestID: ids.requestID())
        } catch {
          announcer.failed(record, error.message)
        }
      }, announce: { announcer.announce($0) })
    windows = PlannedStops(
      processor: processor, clocks: clocks, ids: ids, earlier: try memory.plannedStops(),
      remember: { await memory.note($0) })
    drills = Drills(
      Drills.Parts(
        rehearse: { await runtime.rehearse($0, $1, watching: $2) }, lastOrderOut: { runtime.gate.lastOrderOut($0) },
        isPaper: runtime.settings.venue.text == "paper"),
      processor: processor, runtime: runtime, store: store, clocks: clocks, ids: ids, metrics: metrics,
      sleep: SystemSources.sleep)
  }
}

/// Tells the log and the streams what rules did and want.
struct AutomaticAnnouncer: Sendable {
  let events: EventLog
  let bus: EventBus
  let clocks: Clocks

  func announce(_ record: AutomaticRecord) {
    let trigger = record.trigger
    let scope = trigger.scope?.summary ?? "nothing named"
    let unmet = record.unmet.isEmpty ? "" : "; unmet: \(record.unmet.map(\.rail.rawValue).joined(separator: ", "))"
    let isLoud = record.outcome == .acted || record.outcome == .proposed
    events.emit(
      LogEvent(
        "automatic.\(record.outcome.rawValue)", isLoud ? .warn : .info, at: clocks.now, component: "control",
        body: "\(trigger.alert) calls for \(trigger.action.rawValue) of \(scope)\(unmet)", tenant: trigger.tenant,
        actor: record.decidedBy ?? trigger.actor,
        attributes: [
          ("id", .string(record.id)), ("fingerprint", .string(trigger.fingerprint)),
          ("control", .string(record.control?.text ?? "")), ("rule", .string(trigger.ruleHash)),
        ]))
    bus.publish("automatic", at: clocks.now, WireJSON.encode(AutomaticItem(record, at: clocks.now)))
  }

  func failed(_ record: AutomaticRecord, _ why: String) {
    events.emit(
      LogEvent(
        "automatic.not_saved", .error, at: clocks.now, component: "control", body: why,
        attributes: [("id", .string(record.id))]))
  }
}
