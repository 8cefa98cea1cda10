import ControlModel
import Testing

/// The effective level is the maximum over all controls that cover an order: nothing that is lost, repeated or reordered
/// can loosen it.
@Suite struct `Precedence` {
  private func randomControls(_ random: inout SampleRandom) -> [Control] {
    (0..<Int.random(in: 0...8, using: &random)).map { index in
      Sample.control(
        "ctl_\(index)", Sample.scopes.randomElement(using: &random) ?? .global,
        level: Bool.random(using: &random) ? .halted : .reduceOnly, epoch: UInt64(index + 1))
    }
  }

  @Test(arguments: 0..<200 as Range<UInt64>)
  func `is the maximum over the controls that cover the order`(seed: UInt64) {
    var random = SampleRandom(seed)
    let controls = randomControls(&random)
    let state = ControlState(epoch: Epoch(UInt64(controls.count)), controls: controls)
    for order in Sample.orders {
      let covering = controls.filter { control in
        let scope = control.scope
        return [
          scope.tenant.map { $0 == order.tenant }, scope.profile.map { $0 == order.profile },
          scope.venue.map { $0 == order.venue }, scope.symbol.map { $0 == order.symbol },
        ].allSatisfy { $0 ?? true }
      }
      let effective = state.effective(for: order)
      #expect(effective.level == covering.map(\.level).max() ?? .active, "seed \(seed), order \(order)")
      #expect(effective.causes == covering.sorted { $0.epoch < $1.epoch }, "seed \(seed), order \(order)")
    }
  }

  @Test(arguments: 0..<100 as Range<UInt64>)
  func `does not depend on order or repetition, and one control more never loosens`(seed: UInt64) {
    var random = SampleRandom(seed)
    let controls = randomControls(&random)
    let epoch = Epoch(UInt64(controls.count))
    let state = ControlState(epoch: epoch, controls: controls)
    let other = ControlState(epoch: epoch, controls: (controls + controls).shuffled(using: &random))
    for order in Sample.orders {
      let level = state.effective(for: order).level
      #expect(other.effective(for: order).level == level, "seed \(seed)")
      for left in controls.indices {
        var fewer = controls
        fewer.remove(at: left)
        #expect(ControlState(epoch: epoch, controls: fewer).effective(for: order).level <= level, "seed \(seed)")
      }
    }
  }

  @Test func `of a scope counts controls as wide or wider, not narrower ones`() {
    let orchid = Sample.tenants[0]
    let state = ControlState(
      epoch: Epoch(3),
      controls: [
        Sample.control("ctl_v", ControlScope(venue: Sample.venues[0]), epoch: 1),
        Sample.control("ctl_p", ControlScope(tenant: orchid, profile: Sample.profiles[0]), epoch: 2),
        Sample.control("ctl_t", ControlScope(tenant: orchid), level: .reduceOnly, epoch: 3),
      ])
    #expect(state.effective(for: ControlScope.global).level == .active)
    #expect(state.effective(for: ControlScope(tenant: orchid)).level == .reduceOnly)
    #expect(state.effective(for: ControlScope(tenant: orchid, profile: Sample.profiles[0])).level == .halted)
    #expect(state.effective(for: ControlScope(tenant: orchid, profile: Sample.profiles[1])).level == .reduceOnly)
    #expect(state.effective(for: ControlScope(tenant: Sample.tenants[1], venue: Sample.venues[0])).level == .halted)
  }

  @Test func `orders levels from active over reduceOnly to halted`() {
    #expect(ControlLevel.allCases.sorted() == [.active, .reduceOnly, .halted])
    for level in ControlLevel.allCases { #expect(ControlLevel(text: level.text) == level) }
    #expect(ControlLevel(text: "Halted") == nil)
    #expect(ControlLevel(text: "reduce-only") == nil)
  }

  @Test func `says in words what a scope covers`() {
    #expect(ControlScope.global.summary == "global")
    #expect(
      ControlScope(
        tenant: Sample.tenants[0], profile: Sample.profiles[0], venue: Sample.venues[0], symbol: Sample.symbols[0]
      )
      .summary == "tenant orchid, profile scalper-1, venue paper, symbol AAPL")
    #expect(Set(Sample.scopes.map(\.summary)).count == Sample.scopes.count)
  }

  @Test func `keeps tenants apart: a profile is named with its tenant`() async {
    await #expect(processExitsWith: .failure) { _ = ControlScope(profile: Sample.profiles[0]) }
  }
}
