import BreakwaterTesting
import ControlModel
import Store
import Telemetry

/// Three replicas, a store, a venue, operators, and everything that goes wrong between them, for two and a half seconds of
/// virtual time. The same seed is the same history.
final class World {
  static let lease = Int64.milliseconds(500)
  static let end = Int64.milliseconds(2_500)
  static let boundMilliseconds: Int64 = 900

  let rules: Rules
  let agenda = Agenda()
  let store = SimulatedControlStore()
  var random: SeededRandom
  var storeDownUntil: Int64 = 0
  var orders = 0
  private(set) var events: [HistoryEvent] = []
  private(set) var processes: [SimulatedProcess] = []
  private var journals: [String: [Control]] = [:]
  private var runs = 0
  private var controls = 0

  init(seed: UInt64, _ rules: Rules = Rules()) {
    self.rules = rules
    random = SeededRandom(seed &* 0x9e37_79b9 &+ 17)
  }

  func run() -> HistoryCheck.Report {
    for name in ["r1", "r2", "r3"] { launch(name, home: name) }
    schedule(every: 30...250) { world in
      let level: ControlLevel = world.random.chance(75) ? .halted : .reduceOnly
      world.anyone?.stop(Self.scopes.randomElement(using: &world.random) ?? .global, level)
    }
    schedule(every: 20...200) { world in world.anyone?.release() }
    schedule(every: 80...700) { world in world.disturb() }
    agenda.run(until: Self.end + .milliseconds(1_200))
    judgeStore()
    return HistoryCheck.check(events)
  }

  private func schedule(every pause: ClosedRange<Double>, _ work: @escaping (World) -> Void) {
    agenda.after(.milliseconds(Double.random(in: pause, using: &random))) { [self] in
      guard agenda.now < Self.end else { return }
      work(self)
      schedule(every: pause, work)
    }
  }

  private var living: [SimulatedProcess] { processes.filter(\.isAlive) }
  private var anyone: SimulatedProcess? { living.randomElement(using: &random) }

  private func launch(_ name: String, home: String, cached: ControlState? = nil) {
    runs += 1
    let process = SimulatedProcess(ReplicaID(name)!, run: "run\(runs)", home: home, in: self)  // a name
    processes.append(process)
    process.start(cached: cached)
  }

  // MARK: What goes wrong

  private func disturb() {
    guard let victim = anyone else { return }
    let length = Double.random(in: 5...900, using: &random)
    switch Int.random(in: 0..<100, using: &random) {
    case 0..<30: freeze(victim, .milliseconds(length))
    case 30..<52: victim.cutOffUntil = agenda.now + .milliseconds(length)
    case 52..<60: storeDownUntil = agenda.now + .milliseconds(length / 2)
    case 60..<80:
      victim.isAlive = false
      let cached = victim.committed
      agenda.after(.milliseconds(length / 3)) { [self] in
        launch(victim.gateID.text, home: victim.home, cached: cached)
      }
    case 80..<92: cutOffWhenSeen()
    default:
      // Somebody starts a second process under a name that is taken.
      if living.count < 5 { launch(victim.gateID.text, home: "home\(runs)") }
    }
  }

  /// The least time between a lease and its end as somebody else counts it: the replica with the fastest clock sees a renewal of
  /// the one with the slowest at once, the gate hears nothing from then on and trades for as long as its lease allows, and the other
  /// stops everything. Only the margin is left between the two clocks.
  private func cutOffWhenSeen() {
    guard let victim = living.min(by: { $0.rate < $1.rate }), let witness = living.max(by: { $0.rate < $1.rate }),
      victim !== witness
    else { return }
    let pause = Int64.milliseconds(Double.random(in: 3...250, using: &random))
    victim.onRenewal = { [self] in
      victim.onRenewal = nil
      witness.look()
      agenda.after(.milliseconds(3)) { [self] in victim.cutOffUntil = agenda.now + 2 * Self.lease }
      witness.after(pause) { witness.stop(.global, .halted) }
    }
  }

  private func freeze(_ victim: SimulatedProcess, _ length: Int64) {
    victim.frozenUntil = max(victim.frozenUntil, agenda.now + length)
    let count = length / 1_000_000
    victim.after(0) { [self] in note(HistoryEvent(.stall), victim) { $0.count = count } }
  }

  // MARK: Services to processes

  /// Notices are lost, late, and repeated; who is cut off hears none.
  func tell(_ state: ControlState, except teller: SimulatedProcess) {
    for process in living where process !== teller && process.cutOffUntil <= agenda.now {
      for _ in 0..<Int.random(in: 0...2, using: &random) {
        let delay = random.chance(70) ? 5.0 : 300.0
        process.after(.milliseconds(Double.random(in: 0...delay, using: &random))) { process.hear(state) }
      }
    }
  }

  func note(_ event: HistoryEvent, _ process: SimulatedProcess, _ fill: (inout HistoryEvent) -> Void) {
    var event = event
    event.at = agenda.now
    event.replica = process.gateID.text
    event.run = process.run
    fill(&event)
    events.append(event)
  }

  func keep(_ control: Control, in home: String) { journals[home, default: []].append(control) }
  func journal(of home: String) -> [Control] { journals[home] ?? [] }

  /// What a mutant makes of a row.
  func mutated(_ row: GateRow) -> GateRow {
    guard !rules.addsMargin || !rules.mindsEarlierRuns else { return row }
    let bare = (row.lease - LeaseTimes.margin) * Int64(LeaseTimes.skewShare) / Int64(LeaseTimes.skewShare + 1)
    return GateRow(
      gate: row.gate, run: row.run, turn: row.turn, acked: row.acked,
      isAlone: row.isAlone || !rules.mindsEarlierRuns, lease: rules.addsMargin ? row.lease : bare, at: row.at)
  }

  var wall: WallTime { WallTime(unixMilliseconds: 1_795_348_800_000 + agenda.now / 1_000_000) }

  func control(_ scope: ControlScope, _ level: ControlLevel, epoch: Epoch) -> Control {
    controls += 1
    return Control(
      id: ControlID("c\(controls)")!,  // an id
      scope: scope, kind: .halt, level: level, cancel: .none, reason: "simulated", ticket: nil, actor: "olive",
      origin: .human, createdAt: wall, epoch: epoch, reviewBy: wall, requestID: RequestID(checked: "simulated-1"))
  }

  func entry(_ action: String) -> AuditEntry {
    AuditEntry(
      at: wall, actor: "ada", action: action, object: "simulated", requestID: RequestID(checked: "simulated-1"),
      summary: action)
  }

  /// At the end, what was sealed and never released is in the store.
  private func judgeStore() {
    let known = store.loadNow().state.controls.keys.map(\.text).sorted()
    guard let process = processes.last else { return }
    note(HistoryEvent(.opened), process) { $0.controls = known }
  }

  static let orders = [
    Named.order(), Named.order(Named.orchid, Named.swing, Named.ibm), Named.order(Named.heron),
  ]
  private static let scopes: [ControlScope] = [
    .global, .global, ControlScope(tenant: Named.orchid), ControlScope(tenant: Named.heron),
    ControlScope(tenant: Named.orchid, profile: Named.scalper), ControlScope(symbol: Named.aapl),
  ]
}
