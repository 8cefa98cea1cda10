import ControlModel
import Testing

/// Two moves, impose and release, and everything they refuse.
@Suite struct `Control state` {
  @Test func `starts at epoch zero with nothing in force`() {
    let state = ControlState()
    #expect(state.epoch == .zero)
    #expect(state.controls.isEmpty)
    #expect(state.effective(for: Sample.orders[0]).level == .active)
  }

  @Test func `takes the epoch of what is imposed`() {
    var state = ControlState()
    state.impose(Sample.control("ctl_a", epoch: 1))
    state.impose(Sample.control("ctl_b", epoch: 2))
    #expect(state.epoch == Epoch(2))
    #expect(Set(state.controls.keys.map(\.text)) == ["ctl_a", "ctl_b"])
  }

  @Test func `is not changed by imposing the same control again, whatever the repeat says`() {
    var state = ControlState()
    state.impose(Sample.control("ctl_a", level: .halted, epoch: 1))
    let before = state
    state.impose(Sample.control("ctl_a", level: .reduceOnly, epoch: 1))
    state.impose(Sample.control("ctl_a", level: .reduceOnly, epoch: 9))
    #expect(state == before)
  }

  @Test func `cannot be given a control of an epoch that has passed`() async {
    await #expect(processExitsWith: .failure) {
      var state = ControlState(epoch: Epoch(5))
      state.impose(Sample.control("ctl_a", epoch: 5))
    }
  }

  @Test func `releases what was named and nothing else, at the next epoch`() throws {
    var state = ControlState()
    for (index, id) in ["ctl_a", "ctl_b", "ctl_c"].enumerated() {
      state.impose(Sample.control(id, epoch: UInt64(index + 1)))
    }
    try state.release([try #require(ControlID("ctl_b"))], expecting: Epoch(3))
    #expect(state.epoch == Epoch(4))
    #expect(Set(state.controls.keys.map(\.text)) == ["ctl_a", "ctl_c"])
  }

  @Test func `refuses a release by someone who looked at another epoch`() throws {
    var state = ControlState()
    state.impose(Sample.control("ctl_a", epoch: 1))
    state.impose(Sample.control("ctl_b", epoch: 2))
    let before = state
    for epoch in [UInt64(0), 1, 3, .max] {
      let refusal = #expect(throws: Refusal.self) {
        try state.release([try #require(ControlID("ctl_a"))], expecting: Epoch(epoch))
      }
      #expect(refusal?.code == .preconditionFailed)
    }
    #expect(state == before)
  }

  @Test func `releases all of a list or none of it`() throws {
    var state = ControlState()
    state.impose(Sample.control("ctl_a", epoch: 1))
    let before = state
    let refusal = #expect(throws: Refusal.self) {
      try state.release(
        [try #require(ControlID("ctl_a")), try #require(ControlID("ctl_nobody"))], expecting: Epoch(1))
    }
    #expect(refusal?.code == .controlUnknown)
    #expect(state == before)
  }

  @Test func `never lifts one control by releasing another of the same scope`() throws {
    var state = ControlState()
    state.impose(Sample.control("ctl_a", level: .halted, epoch: 1))
    state.impose(Sample.control("ctl_b", level: .reduceOnly, epoch: 2))
    try state.release([try #require(ControlID("ctl_a"))], expecting: Epoch(2))
    #expect(state.effective(for: Sample.orders[0]).level == .reduceOnly)
  }

  @Test func `names the disables that refuse a tenant's trading, the tenant's before the profile's`() throws {
    let (orchid, heron) = (Sample.tenants[0], Sample.tenants[1])
    let scalper = Sample.profiles[0]
    var state = ControlState()
    state.impose(Sample.control("ctl_p", ControlScope(tenant: orchid, profile: scalper), epoch: 1, kind: .disable))
    state.impose(Sample.control("ctl_t", ControlScope(tenant: orchid), epoch: 2, kind: .disable))
    state.impose(Sample.control("ctl_h", ControlScope(tenant: orchid), epoch: 3, kind: .halt))
    #expect(state.disables(tenant: orchid, profile: scalper).map(\.id.text) == ["ctl_t", "ctl_p"])
    #expect(state.disables(tenant: orchid, profile: nil).map(\.id.text) == ["ctl_t"])
    #expect(state.disables(tenant: heron, profile: scalper).isEmpty)
  }
}
