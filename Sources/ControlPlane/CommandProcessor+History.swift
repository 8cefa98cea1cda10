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

  func noteOpened() {
    var event = HistoryEvent(.opened)
    let state = inForce
    event.controls = state.controls.keys.map(\.text).sorted()
    event.epoch = state.epoch.value
    history?.record(event)
  }
}
