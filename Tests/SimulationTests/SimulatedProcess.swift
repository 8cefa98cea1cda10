import BreakwaterTesting
import ControlModel
import Store
import TradingRuntime

/// One run of a replica: the real gate, the real decision when a stop is sealed, and around them what the keeper and the
/// processor do, as steps that can be delayed, lost, frozen and cut off at any point.
final class SimulatedProcess {
  let gateID: ReplicaID
  let run: String
  let home: String
  let world: World
  let gate: OrderGate
  /// How fast its clock goes, and where it began.
  let rate: Double
  private let offset: Int64

  var isAlive = true
  var frozenUntil: Int64 = 0
  var cutOffUntil: Int64 = 0
  var isDisowned = false
  /// Hears of the next renewal at the moment the store does it.
  var onRenewal: (() -> Void)?
  private(set) var isOpen = false
  private(set) var committed = ControlState()
  private var holds: [ControlID: Control] = [:]
  private var acked = Epoch.zero
  private var sightings = GateSightings()
  private var isAsking = false
  private var isTrading = false
  private var registeredAt: Int64?
  private var answered: Set<ControlID> = []

  init(_ gateID: ReplicaID, run: String, home: String, in world: World) {
    self.gateID = gateID
    self.run = run
    self.home = home
    self.world = world
    // Every other clock goes as fast or as slow as clocks may.
    let extreme: ClosedRange<Double> = world.random.chance(50) ? 0.0049...0.0049 : -0.0049...(-0.0049)
    let rate = 1 + Double.random(in: world.random.chance(50) ? extreme : -0.0049...0.0049, using: &world.random)
    let offset = Int64.random(in: 0...1_000_000_000_000, using: &world.random)
    self.rate = rate
    self.offset = offset
    let time = world.agenda.time
    gate = OrderGate(monotonic: { offset + Int64(Double(time.now) * rate) })
    gate.setLease(until: 0)
  }

  var clock: Int64 { offset + Int64(Double(world.agenda.now) * rate) }

  /// Later, in this process: put off while it is frozen, dropped when it is dead.
  func after(_ delay: Int64, _ work: @escaping () -> Void) {
    world.agenda.after(delay) { [self] in resume(work) }
  }

  private func resume(_ work: @escaping () -> Void) {
    guard isAlive else { return }
    guard frozenUntil <= world.agenda.now else {
      return world.agenda.after(frozenUntil - world.agenda.now) { self.resume(work) }
    }
    work()
  }

  /// Asks the store for something. It may never hear, fail, do it and not say so, or answer very late.
  private func ask<Answer>(_ work: @escaping () throws -> Answer, then: @escaping (Result<Answer, any Error>) -> Void) {
    let longest: Int64 = world.random.chance(50) ? 100_000 : 2_000_000
    let there = Int64.random(in: 0...longest, using: &world.random)
    var back = Int64.random(in: 0...longest, using: &world.random)
    if world.random.chance(4) { back = .milliseconds(Double.random(in: 0...600, using: &world.random)) }
    let isLost = world.random.chance(3)
    let lies = world.random.chance(3)
    world.agenda.after(there) { [self] in
      guard !isLost, cutOffUntil <= world.agenda.now, world.storeDownUntil <= world.agenda.now else {
        return after(.milliseconds(60)) { then(.failure(Fault.failure)) }
      }
      let answer = Result { try work() }
      after(back) { [self] in
        let isCut = cutOffUntil > world.agenda.now || lies
        then(isCut ? .failure(Fault.failure) : answer)
      }
    }
  }

  // MARK: Lease

  func start(cached: ControlState?) {
    world.note(HistoryEvent(.boot), self) { $0.boundMs = World.boundMilliseconds }
    if !world.rules.startsHeld, let cached {
      committed = cached
      gate.publish(cached)
      gate.setHeld(false)
      gate.setLease(until: clock + 2 * World.lease)
      startTrading()
    }
    register()
  }

  private func register() {
    renew(isFirst: true) { [self] isRegistered in
      guard isRegistered else { return after(.milliseconds(20)) { self.register() } }
      openWithLease()
    }
  }

  /// The first lease may be over by the time it is heard of, and the state that came with it old.
  private func openWithLease() {
    guard gate.isLeaseOver else {
      open()
      return keepRenewing()
    }
    renew(isFirst: false) { [self] _ in after(.milliseconds(5)) { self.openWithLease() } }
  }

  /// The journal is merged, the gate decides.
  private func open() {
    let unknown = world.journal(of: home).filter { world.store.documentNow($0.id) == nil && holds[$0.id] == nil }
    for stop in unknown { holds[stop.id] = stop }
    publish()
    gate.setHeld(false)
    isOpen = true
    let known = inForce.controls.keys.map(\.text).sorted()
    world.note(HistoryEvent(.opened), self) { $0.controls = known }
    for stop in unknown { commit(stop, requestedAt: nil) }
    startTrading()
  }

  private func keepRenewing() {
    after(World.lease / LeaseTimes.renewalsPerLease) { [self] in
      guard !isDisowned else { return }
      renew(isFirst: false)
      keepRenewing()
    }
  }

  private func renew(isFirst: Bool, then: @escaping (Bool) -> Void = { _ in }) {
    guard !isAsking, !isDisowned else { return then(false) }
    isAsking = true
    let askedAt = clock
    let renewal = GateRenewal(
      gate: gateID, run: run, isFirst: isFirst, home: home,
      isAlone: registeredAt.map { askedAt >= $0 + LeaseTimes.certainlyOver(World.lease) } ?? false, acked: acked,
      lease: World.lease, at: world.wall)
    let store = world.store
    ask({ [self] () throws -> (ControlRecord, [GateRow]) in
      let answer = (try store.renewNow(renewal), store.gatesNow())
      onRenewal?()
      return answer
    }) { [self] answer in
      isAsking = false
      switch answer {
      case .success(let (record, rows)):
        if isFirst { registeredAt = clock }
        sightings.see(rows, at: clock)
        adopt(record.state)
        gate.setLease(until: askedAt + World.lease)
        if record.state.epoch > acked { acknowledge(record.state.epoch) }
        then(true)
      case .failure(let failure):
        if (failure as? StoreFailure)?.kind == .conflict { isDisowned = true }
        then(false)
      }
    }
  }

  /// Asks the store now.
  func look() { renew(isFirst: false) }

  private func acknowledge(_ epoch: Epoch) {
    drain { [self] in
      guard epoch > acked else { return }
      acked = epoch
      renew(isFirst: false)
    }
  }

  private func drain(then: @escaping () -> Void) {
    guard world.rules.drains else { return then() }
    let target = gate.drainTarget
    func look() {
      if gate.hasDrained(target) { return then() }
      after(500_000, look)
    }
    look()
  }

  /// A hint from elsewhere: repeated, late, in any order, or never.
  func hear(_ state: ControlState) {
    guard isOpen else { return }
    adopt(state)
    renew(isFirst: false)
  }

  private func adopt(_ state: ControlState) {
    guard state.epoch > committed.epoch || !world.rules.comparesEpochs else { return }
    committed = state
    publish()
  }

  private var inForce: ControlState {
    var state = committed
    for hold in holds.values.sorted(by: { $0.id < $1.id }) { state.impose(hold.at(state.epoch.next)) }
    return state
  }

  private func publish() { gate.publish(inForce) }

  // MARK: Orders

  /// A start from a cache trades already.
  private func startTrading() {
    guard !isTrading else { return }
    isTrading = true
    trade()
  }

  private func trade() {
    after(.milliseconds(Double.random(in: 1...9, using: &world.random))) { [self] in
      place(World.orders.randomElement(using: &world.random) ?? Named.order())
      if world.agenda.now < World.end { trade() }
    }
  }

  private func place(_ scope: OrderScope) {
    let isReducing = world.random.chance(20)
    let answer = gate.enter(
      gate.seat(scope.tenant, scope.profile), venue: scope.venue, symbol: scope.symbol, isReducing: isReducing)
    guard case .passed(let pass) = answer else { return }
    let expiresAt = world.agenda.now + (pass.leaseEnd - clock)
    if !world.rules.writesInside { gate.leave(pass) }
    after(delay(expiresAt)) { [self] in
      if !world.rules.venueHonoursExpiry || world.agenda.now <= expiresAt {
        // Judged by when the venue takes it, which is stricter than by when it starts.
        world.orders += 1
        world.note(HistoryEvent(.orderStart), self) { event in
          event.order = "o\(self.world.orders)"
          event.name(scope)
          event.reducing = isReducing
        }
      }
      if world.rules.writesInside { gate.leave(pass) }
    }
  }

  /// From the gate to the venue: soon, later, or at the last moment the lease allows.
  private func delay(_ expiresAt: Int64) -> Int64 {
    let left = expiresAt - world.agenda.now
    if left < .milliseconds(40), world.random.chance(20) {
      return left - .milliseconds(Double.random(in: 0...0.5, using: &world.random))
    }
    let longest = world.random.chance(75) ? 1.0 : 25.0
    return .milliseconds(Double.random(in: 0...longest, using: &world.random))
  }

  // MARK: Stops

  func stop(_ scope: ControlScope, _ level: ControlLevel) {
    guard isOpen else { return }
    let control = world.control(scope, level, epoch: inForce.epoch.next)
    let requestedAt = world.agenda.now
    holds[control.id] = control
    publish()
    world.note(HistoryEvent(.stopRequested), self) { event in
      event.control = control.id.text
      event.name(scope)
      event.level = level.text
    }
    after(.milliseconds(Double(World.boundMilliseconds))) { [self] in
      if !answered.contains(control.id) { answer(control, "accepted") }
    }
    drain { [self] in
      world.keep(control, in: home)
      commit(control, requestedAt: requestedAt)
    }
  }

  private func commit(_ hold: Control, requestedAt: Int64?) {
    let control = hold.at(committed.epoch.next)
    let store = world.store
    let transition = ControlCommit(
      expecting: committed.epoch, epoch: control.epoch, imposed: [control], audit: world.entry("control.impose"))
    ask({ () throws -> (epoch: Epoch, audit: Int64?, state: ControlState) in
      // It may be there although an earlier try seemed to fail.
      if let known = store.documentNow(control.id) { return (known.control.epoch, nil, store.loadNow().state) }
      return (control.epoch, try store.commitNow(transition), store.loadNow().state)
    }) { [self] answer in
      switch answer {
      case .success(let (epoch, audit, state)):
        world.note(HistoryEvent(.stopCommitted), self) { event in
          event.control = control.id.text
          event.epoch = epoch.value
          event.audit = audit
        }
        adopt(state)
        holds[hold.id] = nil
        publish()
        world.tell(state, except: self)
        if requestedAt != nil { seal(control, state.epoch) }
      case .failure(let failure) where (failure as? StoreFailure)?.kind == .conflict:
        ask({ store.loadNow() }) { [self] answer in
          if case .success(let record) = answer { adopt(record.state) }
          commit(hold, requestedAt: requestedAt)
        }
      case .failure: after(.milliseconds(20)) { self.commit(hold, requestedAt: requestedAt) }
      }
    }
  }

  private func seal(_ control: Control, _ epoch: Epoch) {
    guard world.rules.waits else { return self.answer(control, "sealed") }
    var wait: SealWait?
    let store = world.store
    func look() {
      ask({ store.gatesNow() }) { [self] answer in
        if case .success(let rows) = answer {
          let rows = rows.map { world.mutated($0) }
          sightings.see(rows, at: clock)
          let others = rows.filter {
            $0.gate != gateID || ($0.run != run && world.rules.mindsLaterRuns) || !$0.isAlone
          }
          if wait == nil {
            wait = SealWait(epoch, rows: others, sightings: sightings, at: clock)
          } else {
            wait?.update(others, at: clock)
          }
        } else {
          wait?.update([], at: clock)
        }
        if wait?.isSealed == true { return self.answer(control, "sealed") }
        after(.milliseconds(5), look)
      }
    }
    look()
  }

  private func answer(_ control: Control, _ state: String) {
    answered.insert(control.id)
    world.note(HistoryEvent(.stopSealed), self) { event in
      event.control = control.id.text
      event.name(control.scope)
      event.level = control.level.text
      event.state = state
      event.durability = "committed"
    }
  }

  // MARK: Releases

  /// Decided now, committed when the second person has agreed.
  func release() {
    guard isOpen, holds.isEmpty, let id = committed.controls.keys.sorted().randomElement(using: &world.random) else {
      return
    }
    let expecting = committed.epoch
    after(.milliseconds(Double.random(in: 0...120, using: &world.random))) { [self] in
      guard committed.epoch == expecting || !world.rules.fencesReleases else { return }
      world.note(HistoryEvent(.releaseBegin), self) { ($0.controls, $0.expecting) = ([id.text], expecting.value) }
      let (world, store) = (world, world.store)
      ask({ () throws -> (Int64, ControlState) in
        let at = world.rules.fencesReleases ? expecting : store.loadNow().state.epoch
        let note = ReleaseNote(by: "ada", approvedBy: "grace", at: world.wall, reason: "", isBreakGlass: false)
        let audit = try store.commitNow(
          ControlCommit(
            expecting: at, epoch: at.next, released: [id], release: note, audit: world.entry("control.release")))
        return (audit, store.loadNow().state)
      }) { [self] answer in
        switch answer {
        case .success(let (audit, state)):
          world.note(HistoryEvent(.releaseCommitted), self) { event in
            (event.controls, event.expecting, event.epoch) = ([id.text], expecting.value, state.epoch.value)
            (event.audit, event.by, event.approvedBy) = (audit, "ada", "grace")
          }
          adopt(state)
          world.tell(state, except: self)
        case .failure(let failure) where (failure as? StoreFailure)?.kind == .conflict:
          world.note(HistoryEvent(.releaseFailed), self) { ($0.controls, $0.expecting) = ([id.text], expecting.value) }
        case .failure: return
        }
      }
    }
  }
}

extension Control {
  /// The same control at another epoch.
  fileprivate func at(_ epoch: Epoch) -> Control {
    Control(
      id: id, scope: scope, kind: kind, level: level, cancel: cancel, reason: reason, ticket: ticket, actor: actor,
      origin: origin, createdAt: createdAt, epoch: epoch, reviewBy: reviewBy, requestID: requestID)
  }
}
