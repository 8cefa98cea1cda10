import ControlModel
import Store

/// What the processor tells the history.
extension CommandProcessor {
  func noteRequested(_ control: Control) {
    var event = HistoryEvent(.stopRequested)
    event.control = control.id.text
    event.name(control.scope)
    event.level = control.level.text
    event.by = control.actor
    history?.record(event)
  }

  /// - Parameter audit: nil when the store took it without our hearing of it.
  func noteCommitted(_ control: Control, _ audit: Int64?) {
    var event = HistoryEvent(.stopCommitted)
    event.control = control.id.text
    event.epoch = control.epoch.value
    event.audit = audit
    history?.record(event)
  }

  func noteSealed(_ control: Control, _ state: Receipt.State, _ durability: Receipt.Durability) {
    var event = HistoryEvent(.stopSealed)
    event.control = control.id.text
    event.name(control.scope)
    event.level = control.level.text
    event.epoch = control.epoch.value
    event.state = state.rawValue
    event.durability = durability.rawValue
    history?.record(event)
  }

  func noteRelease(
    _ kind: HistoryEvent.Kind, _ controls: [ControlID], _ note: ReleaseNote, expecting: Epoch, epoch: Epoch? = nil,
    audit: Int64? = nil
  ) {
    var event = HistoryEvent(kind)
    event.controls = controls.map(\.text)
    event.expecting = expecting.value
    event.by = note.by
    event.approvedBy = note.approvedBy
    event.breakGlass = note.isBreakGlass
    event.epoch = epoch?.value
    event.audit = audit
    history?.record(event)
  }

  /// A transition that is neither a stop nor a release is about to be tried, or was not taken.
  func noteTransition(_ kind: HistoryEvent.Kind, expecting: Epoch) {
    var event = HistoryEvent(kind)
    event.expecting = expecting.value
    history?.record(event)
  }

  /// A stage of a release: before the gate opens for it; after it closed again and drained; or as one that opened nothing.
  func noteStage(
    _ kind: HistoryEvent.Kind, _ rollout: Rollout, _ relief: Relief? = nil, expecting: Epoch? = nil,
    audit: Int64? = nil
  ) {
    var event = HistoryEvent(kind)
    event.controls = rollout.controls.map(\.text)
    event.profiles = relief?.profiles.map(\.description).sorted()
    event.level = relief?.level.text
    event.by = rollout.note.by
    event.approvedBy = rollout.note.approvedBy
    event.breakGlass = rollout.note.isBreakGlass
    event.expecting = expecting?.value
    event.epoch = expecting?.next.value
    event.audit = audit
    history?.record(event)
  }

  /// Exits of a flattening: before the gate lets them pass, and after it does not any more.
  func noteExits(
    _ kind: HistoryEvent.Kind, _ control: ControlID, _ approval: Approval? = nil, expecting: Epoch? = nil,
    audit: Int64? = nil
  ) {
    var event = HistoryEvent(kind)
    event.controls = [control.text]
    event.by = approval?.requestedBy
    event.approvedBy = approval?.decidedBy
    event.expecting = expecting?.value
    event.epoch = expecting?.next.value
    event.audit = audit
    history?.record(event)
  }

  func noteOpened() {
    var event = HistoryEvent(.opened)
    let state = inForce
    event.controls = state.controls.keys.map(\.text).sorted()
    event.epoch = state.epoch.value
    history?.record(event)
  }
}
