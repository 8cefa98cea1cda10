import ControlModel
import Synchronization
import Testing

@testable import Identity

/// A JWKS endpoint and a clock that a test sets by hand.
private final class Stage: Sendable {
  struct Failure: Error {}

  let now = Mutex<Duration>(.zero)
  let body = Mutex<Result<[UInt8], Failure>>(.failure(Failure()))
  let store: KeyStore

  init(pinned: KeySet = KeySet()) {
    store = KeyStore(pinned: pinned, expectsFetched: true)
  }

  func publish(_ jwks: String) { body.withLock { $0 = .success(jwks.bytes) } }
  func goDown() { body.withLock { $0 = .failure(Failure()) } }
  func advance(_ duration: Duration) { now.withLock { $0 += duration } }

  func refresher(fetch: KeyRefresher.Fetch? = nil) -> KeyRefresher {
    KeyRefresher(
      store, seed: 1,
      clock: .init(
        now: { self.now.withLock { $0 } },
        wallTime: { TestIssuer.now.adding(milliseconds: Int64(self.now.withLock { $0 } / .milliseconds(1))) },
        sleep: { _ in try await Self.suspendUntilCancelled() }),
      fetch: fetch ?? { try self.body.withLock { $0 }.get() })
  }

  static func suspendUntilCancelled() async throws {
    let stream = AsyncStream<Never> { _ in }
    for await _ in stream {}
    throw CancellationError()
  }
}

@Suite struct `Key refresher` {
  let issuer: TestIssuer
  private let stage: Stage

  init() throws {
    issuer = try TestIssuer()
    stage = Stage()
  }

  private func code(_ token: [UInt8]) -> RefusalCode? {
    refusal { _ = try TokenVerifier(issuer.policy, keys: stage.store).verify(token.span, at: TestIssuer.now) }
  }

  @Test func `loads keys, and says unavailable until it has`() async throws {
    let token = try issuer.token()
    let refresher = stage.refresher()
    #expect(await refresher.act())
    #expect(code(token) == .authUnavailable)
    #expect(refresher.status.lastError?.contains("Failure") == true)
    #expect(refresher.status.failures == 1)
    stage.publish(issuer.signer.jwks)
    #expect(await !refresher.act())
    stage.advance(.seconds(2))
    #expect(await refresher.act())
    #expect(code(token) == nil)
    stage.advance(.seconds(7))
    let status = refresher.status
    #expect(status.lastError == nil)
    #expect(status.age == .seconds(7))
    #expect(status.lastSuccess == TestIssuer.now.adding(milliseconds: 2000))
    #expect(status.keyIDs == [issuer.signer.keyID])
    #expect((status.fetches, status.failures) == (2, 1))
  }

  @Test func `keeps the old keys when the issuer is down for an hour or publishes a poisoned set`() async throws {
    let token = try issuer.token()
    let refresher = stage.refresher()
    stage.publish(issuer.signer.jwks)
    _ = await refresher.act()
    let generation = stage.store.generation
    let poisoned = [
      "<html>maintenance</html>", #"{"keys":[]}"#, "{\"keys\":[\(`Key sets`.ed),\(`Key sets`.ed)]}",
      #"{"keys":[{"kty":"oct","k":"AAAA"}]}"#, String(repeating: " ", count: 70_000),
    ]
    for minute in 0..<60 {
      if minute % 2 == 0 { stage.goDown() } else { stage.publish(poisoned[minute / 2 % poisoned.count]) }
      stage.advance(.seconds(60))
      while await refresher.act() {}
      #expect(code(token) == nil)
    }
    #expect(stage.store.generation == generation)
    #expect(refresher.status.failures > 30)
    #expect(refresher.status.keyIDs == [issuer.signer.keyID])
  }

  @Test func `stops trusting keys that could not be fetched for a day`() async throws {
    let token = try issuer.token()
    let refresher = stage.refresher()
    stage.publish(issuer.signer.jwks)
    _ = await refresher.act()
    stage.goDown()
    stage.advance(.seconds(86_399))
    while await refresher.act() {}
    #expect(code(token) == nil)
    stage.advance(.seconds(1))
    while await refresher.act() {}
    #expect(code(token) == .authUnavailable)
  }

  @Test func `takes a rotated key up for a waiting request`() async throws {
    let rotated = try TestIssuer(.p256, seed: 9)
    let token = try rotated.token()
    let refresher = stage.refresher()
    refresher.begin()
    stage.publish(issuer.signer.jwks)
    _ = await refresher.act()
    stage.advance(.seconds(30))
    #expect(code(token) == .authUnknownKey)
    stage.publish(rotated.signer.jwks)
    let resumed = Atomic(0)
    #expect(refresher.keyMissing(token.span) { resumed.add(1, ordering: .relaxed) })
    #expect(resumed.load(ordering: .relaxed) == 0)
    #expect(await refresher.act())
    #expect(resumed.load(ordering: .relaxed) == 1)
    #expect(code(token) == nil)
    #expect(code(try issuer.token()) == .authUnknownKey)
  }

  @Test func `releases every waiting request once when a fetch fails, and none waits past the end`() async throws {
    let refresher = stage.refresher()
    let resumed = Atomic(0)
    #expect(!refresher.keyMissing("early") { resumed.add(1, ordering: .relaxed) })
    refresher.begin()
    stage.publish(issuer.signer.jwks)
    _ = await refresher.act()
    stage.advance(.seconds(30))
    stage.goDown()
    for index in 0..<100 {
      #expect(refresher.keyMissing("k\(index)") { resumed.add(1, ordering: .relaxed) })
    }
    _ = await refresher.act()
    #expect(resumed.load(ordering: .relaxed) == 100)
    stage.advance(.seconds(30))
    #expect(refresher.keyMissing("late") { resumed.add(1, ordering: .relaxed) })
    refresher.end()
    #expect(resumed.load(ordering: .relaxed) == 101)
    #expect(!refresher.keyMissing("later") { resumed.add(1, ordering: .relaxed) })
  }

  @Test func `holds at most 4096 requests`() async throws {
    let refresher = stage.refresher()
    refresher.begin()
    stage.publish(issuer.signer.jwks)
    _ = await refresher.act()
    stage.advance(.seconds(30))
    let held = (0..<5000).filter { refresher.keyMissing("k\($0)") {} }
    #expect(held.count == 4096)
    refresher.end()
  }

  @Test func `resumes at once when the key has arrived since the refusal`() throws {
    let resumed = Atomic(0)
    stage.store.replaceFetched(try KeySet(jwks: issuer.signer.jwks.bytes))
    let refresher = stage.refresher()
    let token = try issuer.token()
    #expect(refresher.keyMissing(token.span) { resumed.add(1, ordering: .relaxed) })
    #expect(resumed.load(ordering: .relaxed) == 1)
    #expect(refresher.status.fetches == 0)
  }

  @Test func `never waits for a token that names no key or is no token`() async throws {
    let refresher = stage.refresher()
    refresher.begin()
    let nameless = try issuer.signer.sign(header: #"{"alg":"EdDSA","typ":"JWT"}"#, payload: "{}").bytes
    #expect(!refresher.keyMissing(nameless.span) {})
    #expect(!refresher.keyMissing("nonsense".bytes.span) {})
    #expect(await !refresher.keysRefreshed(for: nameless))
    refresher.end()
  }

  @Test func `counts a fetch that does not end in time as failed`() async throws {
    let refresher = KeyRefresher(
      stage.store, seed: 1,
      clock: .init(now: { .zero }, wallTime: { TestIssuer.now }, sleep: { _ in }),
      fetch: {
        try await Stage.suspendUntilCancelled()
        return []
      })
    #expect(await refresher.act())
    #expect(refresher.status.lastError?.contains("did not arrive within 2.0 seconds") == true)
  }

  @Test func `runs until it is cancelled`() async throws {
    stage.publish(issuer.signer.jwks)
    let refresher = stage.refresher()
    let run = Task { await refresher.run() }
    while refresher.status.keyIDs.isEmpty { await Task.yield() }
    run.cancel()
    await run.value
    #expect(!refresher.keyMissing("k") {})
  }
}
