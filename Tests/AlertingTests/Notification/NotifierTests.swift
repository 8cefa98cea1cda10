import BreakwaterTesting
import ControlModel
import Synchronization
import Telemetry
import Testing

@testable import Alerting

/// Messages to receivers, each until it is taken or given up.
@Suite(.timeLimit(.minutes(3))) struct `The notifier` {
  @Test func `brings each receiver each of its messages once, those of one group in order`() async throws {
    let test = try TestNotifier(["pager", "chat"])
    try await test.running {
      test.notifier.enqueue(test.messages("A", .firing, to: "pager", "chat") + test.messages("B", .firing, to: "pager"))
      test.notifier.enqueue(test.messages("A", .resolved, to: "pager", "chat"))
      #expect(await eventually { test.delivered("pager").count == 3 && test.delivered("chat").count == 2 })
      #expect(test.delivered("pager").sorted() == ["A firing", "A resolved", "B firing"])
      #expect(test.delivered("pager").filter { $0.hasPrefix("A") } == ["A firing", "A resolved"])
      #expect(test.delivered("chat") == ["A firing", "A resolved"])
      #expect(await eventually { test.ledger.finished.count == 5 })
      #expect(test.ledger.finished.allSatisfy { $0.status == .sent && $0.attempts == 1 && $0.finishedAt != nil })
      #expect(test.count("pager", "ok") == 3 && test.count("pager", "failed") == 0)
    }
  }

  @Test func `sends every attempt of a message under one key`() async throws {
    let test = try TestNotifier(["pager"], failing: { _, attempt in attempt <= 3 })
    try await test.running {
      let message = test.messages("A", .firing, to: "pager")
      test.notifier.enqueue(message)
      for _ in 0..<3 {
        #expect(await eventually { test.clock.sleeperCount == 1 })
        test.clock.advance(by: .seconds(30))
      }
      #expect(await eventually { test.ledger.finished.count == 1 })
      #expect(test.keys == Array(repeating: message[0].notification.key, count: 4))
    }
  }

  @Test func `hands a message over once when a minute of attempts has failed, and goes on trying`() async throws {
    let test = try TestNotifier(
      ["pager", "chat"], fallbacks: ["pager": "chat", "chat": "pager"], failing: { _, _ in true })
    try await test.running {
      test.notifier.enqueue(test.messages("A", .firing, to: "pager"))
      for attempt in 1...Notifier.attemptsUntilFailed {
        #expect(await eventually { test.attempts >= attempt })
        #expect(await eventually { test.clock.sleeperCount >= 1 })
        if attempt < Notifier.attemptsUntilFailed { test.clock.advance(by: .seconds(30)) }
      }
      #expect(await eventually { test.ledger.all.contains { $0.notification.receiver == "chat" } })
      let copy = try #require(test.ledger.all.first { $0.notification.receiver == "chat" })
      #expect(copy.notification.cause == .fallback && copy.status == .queued)
      for _ in 0..<2_000 where test.ledger.finished.count < 2 {
        #expect(await eventually { test.clock.sleeperCount >= 1 || test.ledger.finished.count == 2 })
        test.clock.advance(by: .seconds(30))
      }
      #expect(await eventually { test.ledger.finished.count == 2 })
      #expect(Set(test.ledger.all.map(\.notification.key)).count == 2, "two receivers do not play ball")
    }
  }

  @Test func `says of a receiver it does not have that the message is lost`() throws {
    let test = try TestNotifier(["pager"])
    #expect(test.notifier.enqueue(test.messages("A", .firing, to: "nobody")).count == 1)
  }

  @Test func `tests a receiver at once and says how it went`() async throws {
    let test = try TestNotifier(
      ["pager", "dead"], hanging: { if $0.contains("dead") { throw TestNotifier.Refused() } })
    #expect(await test.notifier.test("pager", by: "ann")?.status == .sent)
    let failed = try #require(await test.notifier.test("dead", by: "ann"))
    #expect(failed.status == .failed && failed.error?.contains("Refused") == true)
    #expect(await test.notifier.test("nobody", by: "ann") == nil)
    #expect(test.ledger.finished.map(\.notification.cause) == [.test, .test])
  }

  @Test func `tries again after pauses that double up to half a minute`() async throws {
    let test = try TestNotifier(["pager"], failing: { _, attempt in attempt <= 9 })
    try await test.running {
      test.notifier.enqueue(test.messages("A", .firing, to: "pager"))
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
      #expect(await eventually { test.ledger.finished.first?.attempts == 10 })
      #expect(test.count("pager", "failed") == 1, "counted when a minute of attempts has failed")
      #expect(test.count("pager", "ok") == 1)
    }
  }

  @Test func `gives up after a quarter of an hour, counts one failure and says why`() async throws {
    let test = try TestNotifier(["pager"], failing: { _, _ in true })
    try await test.running {
      test.notifier.enqueue(test.messages("A", .firing, to: "pager"))
      for attempt in 1..<Notifier.attemptsMax {
        #expect(await eventually { test.attempts == attempt && test.clock.sleeperCount == 1 })
        test.clock.advance(by: .seconds(30))
      }
      #expect(await eventually { test.ledger.finished.count == 1 })
      let delivery = try #require(test.ledger.finished.first)
      #expect(delivery.status == .failed && delivery.attempts == Notifier.attemptsMax)
      #expect(delivery.error?.contains("Refused") == true)
      #expect(test.count("pager", "failed") == 1)
      test.notifier.enqueue(test.messages("A", .resolved, to: "pager"))
      #expect(await eventually { test.attempts == Notifier.attemptsMax + 1 }, "the lane goes on")
    }
  }

  @Test func `sends the end of an alert only after its beginning, however long that takes`() async throws {
    let test = try TestNotifier(["pager"], failing: { body, attempt in body.contains("firing") && attempt <= 3 })
    try await test.running {
      test.notifier.enqueue(test.messages("A", .firing, to: "pager"))
      test.notifier.enqueue(test.messages("A", .resolved, to: "pager"))
      test.notifier.enqueue(test.messages("B", .resolved, to: "pager"))
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
      for number in 0..<40 { test.notifier.enqueue(test.messages("A\(number)", .firing, to: "hangs", "works")) }
      #expect(await eventually { test.delivered("works").count == 40 })
      #expect(test.delivered("hangs").isEmpty)
      #expect(gate.waiting == Notifier.concurrencyMax, "of many alerts so many are on their way at once")
      gate.open()
      #expect(await eventually { test.delivered("hangs").count == 40 })
    }
  }

  @Test func `keeps a bounded number waiting: the oldest are dropped and counted`() async throws {
    let test = try TestNotifier(["pager"])
    let messages = (0..<Notifier.queueMax + 5).flatMap { test.messages("A\($0)", .firing, to: "pager") }
    #expect(test.notifier.enqueue(messages).count == 5)
    #expect(test.count("pager", "dropped") == 5)
    try await test.running {
      #expect(await eventually(within: .seconds(300)) { test.count("pager", "ok") == Double(Notifier.queueMax) })
      let delivered = Set(test.delivered("pager"))
      #expect(!delivered.contains("A4 firing") && delivered.contains("A5 firing"))
    }
  }

  @Test func `ends at a shutdown without counting it as a failure of the receiver`() async throws {
    let test = try TestNotifier(["pager"], failing: { _, _ in true })
    let running = Task { await test.notifier.run() }
    test.notifier.enqueue(test.messages("A", .firing, to: "pager"))
    #expect(await eventually { test.clock.sleeperCount == 1 })
    running.cancel()
    await running.value
    #expect(test.count("pager", "failed") == 0 && test.count("pager", "ok") == 0)
    #expect(test.ledger.finished.isEmpty)
  }

  @Test func `ends at a shutdown while a receiver hangs`() async throws {
    let gate = Gate()
    let test = try TestNotifier(["pager"], hanging: { _ in try await gate.waitOrCancel() })
    let running = Task { await test.notifier.run() }
    test.notifier.enqueue(test.messages("A", .firing, to: "pager") + test.messages("B", .firing, to: "pager"))
    #expect(await eventually { gate.waiting == 2 })
    running.cancel()
    await running.value
    #expect(test.count("pager", "failed") == 0)
  }

  @Test func `without receivers ends at once`() async throws {
    let test = try TestNotifier([])
    await test.notifier.run()
    #expect(test.notifier.receivers.isEmpty)
  }
}
