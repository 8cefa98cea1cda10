import BreakwaterTesting
import ControlModel
import Synchronization
import Telemetry
import Testing

@testable import Alerting

/// A webhook for every alert that fires or resolves.
@Suite(.timeLimit(.minutes(3))) struct `The notifier` {
  @Test func `tells each receiver once of each transition, and nobody of what is pending`() async throws {
    let test = try TestNotifier(["pager", "chat"])
    try await test.running {
      test.notifier.enqueue(test.transitions("A", .pending))
      test.notifier.enqueue(test.transitions("A", .firing) + test.transitions("B", .firing))
      test.notifier.enqueue(test.transitions("A", .resolved))
      #expect(await eventually { test.delivered("pager").count == 3 && test.delivered("chat").count == 3 })
      for name in ["pager", "chat"] {
        #expect(test.delivered(name).sorted() == ["A firing", "A resolved", "B firing"])
        #expect(test.delivered(name).filter { $0.hasPrefix("A") } == ["A firing", "A resolved"])
      }
      test.notifier.enqueue([])
      #expect(test.count("pager", "ok") == 3)
      #expect(test.count("pager", "failed") == 0)
    }
  }

  @Test func `tells nobody of alerts of severity none`() async throws {
    let test = try TestNotifier(["pager"])
    try await test.running {
      test.notifier.enqueue(test.transitions("Watchdog", .firing, severity: "none") + test.transitions("A", .firing))
      #expect(await eventually { test.delivered("pager") == ["A firing"] })
    }
  }

  @Test func `tries again after pauses that double up to half a minute`() async throws {
    let test = try TestNotifier(["pager"], failing: { _, attempt in attempt <= 9 })
    try await test.running {
      test.notifier.enqueue(test.transitions("A", .firing))
      for milliseconds in [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000] {
        #expect(await eventually { test.clock.sleeperCount == 1 })
        let before = test.attempts
        test.clock.advance(by: .milliseconds(milliseconds - 1))
        #expect(test.clock.sleeperCount == 1, "not after less than \(milliseconds) ms")
        #expect(test.attempts == before)
        test.clock.advance(by: .milliseconds(1))
        #expect(await eventually { test.attempts == before + 1 })
      }
      #expect(await eventually { test.delivered("pager") == ["A firing"] })
      #expect(await eventually { test.notifier.deliveries.first?.attempts == 10 })
      #expect(test.count("pager", "failed") == 1, "counted when a minute of attempts has failed")
      #expect(test.count("pager", "ok") == 1)
    }
  }

  @Test func `gives up after a quarter of an hour, counts one failure and says why`() async throws {
    let test = try TestNotifier(["pager"], failing: { _, _ in true })
    try await test.running {
      test.notifier.enqueue(test.transitions("A", .firing))
      for attempt in 1..<Notifier.attemptsMax {
        #expect(await eventually { test.attempts == attempt && test.clock.sleeperCount == 1 })
        test.clock.advance(by: .seconds(30))
      }
      #expect(await eventually { test.notifier.deliveries.count == 1 })
      let delivery = try #require(test.notifier.deliveries.first)
      #expect(delivery.status == "failed" && delivery.attempts == Notifier.attemptsMax && delivery.alert == "A")
      #expect(delivery.error?.contains("Refused") == true)
      #expect(test.count("pager", "failed") == 1)
      test.notifier.enqueue(test.transitions("A", .resolved))
      #expect(await eventually { test.attempts == Notifier.attemptsMax + 1 }, "the lane goes on")
    }
  }

  @Test func `sends the end of an alert only after its beginning, however long that takes`() async throws {
    let test = try TestNotifier(["pager"], failing: { body, attempt in body.contains("firing") && attempt <= 3 })
    try await test.running {
      test.notifier.enqueue(test.transitions("A", .firing))
      test.notifier.enqueue(test.transitions("A", .resolved))
      test.notifier.enqueue(test.transitions("B", .resolved))
      #expect(await eventually { test.delivered("pager") == ["B resolved"] }, "others do not wait")
      for _ in 0..<3 {
        #expect(await eventually { test.clock.sleeperCount == 1 })
        test.clock.advance(by: .seconds(30))
      }
      #expect(await eventually { test.delivered("pager").count == 3 })
      #expect(test.delivered("pager") == ["B resolved", "A firing", "A resolved"])
    }
  }

  @Test func `does not let a receiver that hangs delay another`() async throws {
    let gate = Gate()
    let test = try TestNotifier(["hangs", "works"], hanging: { url in if url.contains("hangs") { await gate.wait() } })
    try await test.running {
      for number in 0..<40 { test.notifier.enqueue(test.transitions("A\(number)", .firing)) }
      #expect(await eventually { test.delivered("works").count == 40 })
      #expect(test.delivered("hangs").isEmpty)
      #expect(gate.waiting == Notifier.concurrencyMax, "of many alerts so many are on their way at once")
      gate.open()
      #expect(await eventually { test.delivered("hangs").count == 40 })
    }
  }

  @Test func `keeps a bounded number waiting: the oldest are dropped and counted`() async throws {
    let test = try TestNotifier(["pager"])
    let transitions = (0..<Notifier.queueMax + 5).flatMap { test.transitions("A\($0)", .firing) }
    test.notifier.enqueue(transitions)
    #expect(test.count("pager", "dropped") == 5)
    try await test.running {
      #expect(await eventually { test.delivered("pager").count == Notifier.queueMax })
      let delivered = Set(test.delivered("pager"))
      #expect(!delivered.contains("A4 firing") && delivered.contains("A5 firing"))
    }
  }

  @Test func `ends at a shutdown without counting it as a failure of the receiver`() async throws {
    let test = try TestNotifier(["pager"], failing: { _, _ in true })
    let running = Task { await test.notifier.run() }
    test.notifier.enqueue(test.transitions("A", .firing))
    #expect(await eventually { test.clock.sleeperCount == 1 })
    running.cancel()
    await running.value
    #expect(test.count("pager", "failed") == 0 && test.count("pager", "ok") == 0)
    #expect(test.notifier.deliveries.isEmpty)
  }

  @Test func `ends at a shutdown while a receiver hangs`() async throws {
    let gate = Gate()
    let test = try TestNotifier(["pager"], hanging: { _ in try await gate.waitOrCancel() })
    let running = Task { await test.notifier.run() }
    test.notifier.enqueue(test.transitions("A", .firing) + test.transitions("B", .firing))
    #expect(await eventually { gate.waiting == 2 })
    running.cancel()
    await running.value
    #expect(test.count("pager", "failed") == 0)
  }

  @Test func `without receivers takes everything and does nothing`() async throws {
    let test = try TestNotifier([])
    test.notifier.enqueue(test.transitions("A", .firing))
    await test.notifier.run()
    #expect(test.notifier.deliveries.isEmpty)
  }

  @Test func `remembers the newest deliveries only, newest first`() async throws {
    let test = try TestNotifier(["pager"])
    try await test.running {
      for number in 0..<300 { test.notifier.enqueue(test.transitions("A", number % 2 == 0 ? .firing : .resolved)) }
      #expect(await eventually { test.count("pager", "ok") == 300 })
      #expect(test.notifier.deliveries.count == 200)
      #expect(test.delivered("pager") == (0..<300).map { $0 % 2 == 0 ? "A firing" : "A resolved" })
    }
  }
}
