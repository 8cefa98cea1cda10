import Testing

@testable import Identity

/// Drives the machine along a virtual clock and counts fetches.
private struct Simulation {
  var settings = KeyRefreshSettings()
  var machine: KeyRefreshMachine
  var now: Duration = .zero
  var fetches: [Duration] = []
  var expiries: [Duration] = []
  /// What the issuer publishes; `nil` while it cannot be reached.
  var published: Set<String>? = ["k1"]
  var held: Set<String> = []
  /// Between a fetch's start and its answer.
  var latency: Duration = .zero
  private var answerDue: (at: Duration, keys: Set<String>?)?

  init(seed: UInt64 = 1, _ settings: KeyRefreshSettings = .init()) {
    self.settings = settings
    machine = KeyRefreshMachine(settings, seed: seed, at: .zero)
  }

  mutating func asks(_ id: String, at time: Duration? = nil) -> Bool {
    machine.keyMissing(id, at: time ?? now)
  }

  /// Runs until `end` in ticks, calling `each` at every tick.
  mutating func run(until end: Duration, each: (inout Simulation) -> Void = { _ in }) {
    while now < end {
      settle()
      each(&self)
      switch machine.step(at: now) {
      case .fetch:
        fetches.append(now)
        answerDue = (now + latency, published)
        settle()
      case .expire:
        expiries.append(now)
        held = []
      case .idle: break
      }
      now += settings.tick
    }
  }

  private mutating func settle() {
    guard let due = answerDue, due.at <= now else { return }
    answerDue = nil
    guard let keys = due.keys else { return machine.fetchFailed(at: now) }
    let isChanged = keys != held
    held = keys
    machine.fetchSucceeded(isChanged: isChanged, at: now) { keys.contains($0) }
  }
}

@Suite struct `Key refresh machine` {
  @Test func `fetches at once and then every five minutes, ten percent either way`() throws {
    var gaps: [Double] = []
    for seed in 1...20 {
      var simulation = Simulation(seed: UInt64(seed))
      simulation.run(until: .seconds(3600))
      #expect(simulation.fetches.first == .zero)
      gaps += zip(simulation.fetches.dropFirst(), simulation.fetches).map { ($0 - $1) / .seconds(1) }
    }
    #expect(try #require(gaps.min()) >= 270 && #require(gaps.max()) <= 330.2)
    #expect(try #require(gaps.max()) - #require(gaps.min()) > 40)
  }

  @Test func `fetches a published key within a second of the first token that names it`() {
    var simulation = Simulation()
    simulation.run(until: .seconds(20))
    simulation.published = ["k1", "k2"]
    let waitsForK2 = simulation.asks("k2")
    #expect(waitsForK2)
    let asked = simulation.now
    simulation.run(until: .seconds(21))
    #expect(simulation.held.contains("k2"))
    #expect(simulation.fetches.count == 2)
    #expect(simulation.fetches[1] - asked <= .milliseconds(100))
    #expect(!simulation.machine.isAwaiting("k2"))
  }

  @Test func `answers ten thousand invented keys a second with three fetches`() {
    var simulation = Simulation()
    simulation.run(until: .seconds(20))
    var invented = 0
    simulation.run(until: .seconds(25)) { simulation in
      for _ in 0..<1000 {
        invented += 1
        _ = simulation.machine.keyMissing("random-\(invented)", at: simulation.now)
      }
    }
    #expect(invented == 50_000)
    #expect(simulation.fetches.count - 1 == 3)
  }

  @Test func `lets a minute of that flood cost one fetch in ten seconds beyond the burst`() {
    var simulation = Simulation()
    simulation.run(until: .seconds(20))
    var invented = 0
    simulation.run(until: .seconds(80)) { simulation in
      for _ in 0..<100 {
        invented += 1
        _ = simulation.machine.keyMissing("random-\(invented)", at: simulation.now)
      }
    }
    #expect(simulation.fetches.count - 1 <= 3 + 6)
  }

  @Test func `finds a key published amid that flood within a second`() {
    for publishedAfter in stride(from: 0, through: 1400, by: 200) {
      var simulation = Simulation()
      simulation.latency = .milliseconds(50)
      simulation.run(until: .seconds(20))
      let publication = simulation.now + .milliseconds(publishedAfter)
      var invented = 0
      var foundAt: Duration?
      simulation.run(until: .seconds(25)) { simulation in
        for _ in 0..<1000 {
          invented += 1
          _ = simulation.machine.keyMissing("random-\(invented)", at: simulation.now)
        }
        if simulation.now >= publication {
          simulation.published = ["k1", "k2"]
          if simulation.held.contains("k2") {
            foundAt = foundAt ?? simulation.now
          } else {
            _ = simulation.machine.keyMissing("k2", at: simulation.now)
          }
        }
      }
      #expect(foundAt.map { $0 - publication <= .seconds(1) } == true, "published \(publishedAfter) ms into the flood")
    }
  }

  @Test func `asks again for an absent key after 1 s, 15 s, then every 60 s`() {
    var settings = KeyRefreshSettings()
    settings.softTTL = .seconds(100_000)
    var simulation = Simulation(settings)
    simulation.run(until: .seconds(300)) { _ = $0.machine.keyMissing("gone", at: $0.now) }
    let gaps = zip(simulation.fetches.dropFirst(), simulation.fetches).map { Int(($0 - $1) / .seconds(1)) }
    #expect(gaps == [1, 15, 60, 60, 60, 60])
  }

  @Test func `forgets what was absent when the issuer publishes something new`() {
    var simulation = Simulation()
    simulation.run(until: .seconds(20)) { if $0.now < .seconds(3) { _ = $0.machine.keyMissing("k2", at: $0.now) } }
    let waitsWhileAbsent = simulation.asks("k2", at: .seconds(2))
    #expect(!waitsWhileAbsent)
    simulation.published = ["k1", "k3"]
    _ = simulation.machine.keyMissing("k3", at: simulation.now)
    simulation.run(until: .seconds(22))
    #expect(simulation.held == ["k1", "k3"])
    let waitsAfterChange = simulation.asks("k2")
    #expect(waitsAfterChange)
  }

  @Test func `does not blame a fetch for a key that was asked for after it had started`() {
    var simulation = Simulation()
    simulation.run(until: .seconds(20))
    simulation.latency = .milliseconds(500)
    let waitsForOther = simulation.asks("other")
    #expect(waitsForOther)
    simulation.run(until: .milliseconds(20_200))
    simulation.published = ["k1", "k2"]
    let waitsForK2 = simulation.asks("k2")
    #expect(waitsForK2)
    simulation.run(until: .milliseconds(20_600))
    #expect(!simulation.held.contains("k2"))
    #expect(simulation.machine.isAwaiting("k2"))
    #expect(!simulation.machine.isAwaiting("other"))
    simulation.run(until: .seconds(22))
    #expect(simulation.held.contains("k2"))
    #expect(simulation.fetches.count == 3)
  }

  @Test func `keeps its keys through an outage, retrying ever more slowly, and drops them after a day`() {
    var settings = KeyRefreshSettings()
    settings.tick = .seconds(1)
    var simulation = Simulation(settings)
    simulation.run(until: .seconds(10))
    simulation.published = nil
    simulation.run(until: .seconds(3600))
    #expect(simulation.held == ["k1"])
    #expect((40...75).contains(simulation.fetches.count))
    simulation.run(until: .seconds(86_400))
    #expect(simulation.expiries == [.seconds(86_400)].filter { $0 < simulation.now })
    simulation.run(until: .seconds(90_000))
    #expect(simulation.expiries == [.seconds(86_400)])
    simulation.published = ["k1"]
    simulation.run(until: .seconds(90_070))
    #expect(simulation.held == ["k1"])
    #expect(simulation.expiries.count == 1)
  }

  @Test func `refuses to wait when the fetch budget is spent`() {
    var simulation = Simulation()
    simulation.run(until: .seconds(20))
    for name in ["a", "b", "c"] {
      let waits = simulation.asks(name)
      #expect(waits)
      simulation.run(until: simulation.now + .seconds(1))
    }
    let waitsWithoutBudget = simulation.asks("d")
    #expect(!waitsWithoutBudget)
    simulation.run(until: simulation.now + .seconds(10))
    let waitsLater = simulation.asks("d")
    #expect(waitsLater)
  }

  @Test func `fetches for an operator at once, but not twice in a moment`() {
    var simulation = Simulation()
    simulation.run(until: .seconds(20))
    simulation.machine.requestRefresh(at: simulation.now)
    simulation.run(until: simulation.now + .milliseconds(200))
    #expect(simulation.fetches.count == 2)
    simulation.machine.requestRefresh(at: simulation.now)
    simulation.run(until: simulation.now + .milliseconds(300))
    #expect(simulation.fetches.count == 2)
    simulation.run(until: simulation.now + .seconds(1))
    #expect(simulation.fetches.count == 3)
  }
}

@Suite struct `Absent keys` {
  @Test func `are bounded, oldest forgotten first`() {
    var absent = AbsentKeys(pauses: [.seconds(60)], countMax: 1024)
    for index in 0..<5000 { absent.record("k\(index)", at: .zero) }
    #expect(absent.count == 1024)
    #expect(!absent.isPaused("k3975", at: .zero))
    #expect(absent.isPaused("k3976", at: .zero))
    #expect(absent.isPaused("k4999", at: .seconds(59)))
    #expect(!absent.isPaused("k4999", at: .seconds(60)))
  }

  @Test func `count a renewed key as recent`() {
    var absent = AbsentKeys(pauses: [.seconds(1), .seconds(9)], countMax: 2)
    absent.record("a", at: .zero)
    absent.record("b", at: .zero)
    absent.record("a", at: .seconds(1))
    absent.record("c", at: .seconds(1))
    #expect(absent.isPaused("a", at: .seconds(9)))
    #expect(!absent.isPaused("b", at: .zero))
    for _ in 0..<100 { absent.record("a", at: .seconds(2)) }
    #expect(absent.count == 2)
    #expect(absent.isPaused("c", at: .milliseconds(1500)))
  }
}
