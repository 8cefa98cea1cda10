import ControlModel
import Testing

/// A staged release frees profiles one after the other; everything else stays as stopped as it was.
@Suite struct `Staged relief` {
  private var keys: [ProfileKey] {
    (0..<20).map { ProfileKey(tenant: Sample.tenants[0], profile: ProfileID("p\($0 + 10)")!) }  // ids
  }

  private func halted(_ scope: ControlScope = .global, level: ControlLevel = .halted) -> (ControlState, ControlID) {
    let control = Sample.control("ctl_r", scope, level: level, epoch: 1)
    return (ControlState(epoch: Epoch(1), controls: [control]), control.id)
  }

  @Test func `goes from one profile reducing, to it trading, to a share, and leaves the last step to the release`() {
    let reliefs = ReleaseStages(watchMilliseconds: 1000, sharePercent: 10).reliefs(of: keys, strictest: .halted)
    #expect(reliefs.map(\.level) == [.reduceOnly, .active, .active])
    #expect(reliefs.map(\.profiles.count) == [1, 1, 2])
    #expect(reliefs[0].profiles == [keys.sorted()[0]])
    #expect(reliefs[2].profiles.isSuperset(of: reliefs[1].profiles))
  }

  @Test(arguments: [(0, 0), (1, 1), (2, 2), (10, 2), (11, 3)])
  func `has no stage that changes nothing`(profiles: Int, stages: Int) {
    #expect(ReleaseStages().reliefs(of: Array(keys.prefix(profiles)), strictest: .halted).count == stages)
  }

  @Test func `of what only reduced already begins with a trading profile`() {
    #expect(ReleaseStages().reliefs(of: keys, strictest: .reduceOnly).first?.level == .active)
  }

  @Test func `counts for its profiles and nobody else`() throws {
    var (state, id) = halted()
    let order = Sample.orders[0]
    try state.relieve([id], Relief(profiles: [order.profileKey], level: .reduceOnly), expecting: Epoch(1))
    #expect(state.epoch == Epoch(2))
    for other in Sample.orders {
      let level: ControlLevel = other.profileKey == order.profileKey ? .reduceOnly : .halted
      #expect(state.effective(for: other).level == level)
    }
    #expect(state.effective(for: .global).level == .halted)
    #expect(state.effective(for: order).causes.map(\.id) == [id])
  }

  @Test func `never makes a control stricter, and lifts no other`() throws {
    var (state, id) = halted(level: .reduceOnly)
    let order = Sample.orders[0]
    try state.relieve([id], Relief(profiles: [order.profileKey], level: .halted), expecting: Epoch(1))
    #expect(state.effective(for: order).level == .reduceOnly)
    try state.relieve([id], Relief(profiles: [order.profileKey], level: .active), expecting: Epoch(2))
    #expect(state.effective(for: order).level == .active)
    state.impose(Sample.control("ctl_s", ControlScope(tenant: order.tenant), level: .halted, epoch: 4))
    #expect(state.effective(for: order).level == .halted)
  }

  @Test func `needs the epoch one looked at, and a control in force`() throws {
    var (state, id) = halted()
    let relief = Relief(profiles: [], level: .active)
    #expect(throws: Refusal.self) { try state.relieve([id], relief, expecting: Epoch(7)) }
    #expect(throws: Refusal.self) { try state.relieve([ControlID("ctl_x")!], relief, expecting: Epoch(1)) }  // an id
    #expect(state.reliefs.isEmpty && state.epoch == Epoch(1))
  }

  @Test func `ends with the release, and when it is withdrawn`() throws {
    var (state, id) = halted()
    let order = Sample.orders[0]
    try state.relieve([id], Relief(profiles: [order.profileKey], level: .active), expecting: Epoch(1))
    state.withdrawRelief([id])
    #expect(state.effective(for: order).level == .halted)
    try state.release([id], expecting: Epoch(2))
    #expect(state.reliefs.isEmpty && state.controls.isEmpty)
  }

  @Test func `lets exits pass only while every control over them grants some`() {
    var (state, id) = halted(ControlScope(tenant: Sample.tenants[0]))
    let order = Sample.orders.first { $0.tenant == Sample.tenants[0] }!  // there is one
    #expect(!state.admitsExit(order))
    state.grantExits(id)
    #expect(state.admitsExit(order))
    state.impose(Sample.control("ctl_s", .global, level: .halted, epoch: 9))
    #expect(!state.admitsExit(order), "a later stop grants nothing")
    state.withdrawExits(id)
    #expect(state.exits.isEmpty)
  }

  @Test(arguments: ["", "60", "x/10", "60000/0", "60000/100", "1/10", "60000/10/1"])
  func `is kept in a form that only says what it may`(text: String) {
    #expect(ReleaseStages(text: text) == nil)
    #expect(ReleaseStages(text: ReleaseStages().text) == ReleaseStages())
  }
}
