import BreakwaterTesting
import ControlModel
import RequestLog
import Telemetry
import Testing

/// What an operator can ask the log.
@Suite struct `Searching the log` {
  private let base = WallTime(unixMilliseconds: 1_795_348_800_000)

  private func query(limit: Int = 500, _ change: (inout LogQuery) -> Void) -> LogQuery {
    var query = LogQuery(limit: limit)
    change(&query)
    return query
  }

  private func mixed() async throws -> TestLog {
    let log = try TestLog()
    await log.append(
      event(1, name: "order.sent", tenant: "acme", actor: "alice"),
      event(2, name: "order.rejected", .warn, tenant: "acme", actor: "bob"),
      event(3, name: "control.sealed", component: "control", tenant: "globex", actor: "alice"),
      event(4, name: "alert.firing", .error, component: "alerting", body: "about acme and \"globex\"\n"))
    return log
  }

  @Test func `by event, tenant, actor, severity or component yields exactly those`() async throws {
    let log = try await mixed()
    #expect(await log.bodies(query { $0.event = "order.sent" }) == ["n1"])
    #expect(await log.bodies(query { $0.event = "order" }).isEmpty, "not a part of a name")
    #expect(await log.bodies(query { $0.tenant = "acme" }) == ["n2", "n1"])
    #expect(await log.bodies(query { $0.actor = "alice" }) == ["n3", "n1"])
    #expect(await log.bodies(query { $0.severity = "WARN" }) == ["n2"])
    #expect(await log.bodies(query { $0.component = "control" }) == ["n3"])
    #expect(
      await log.bodies(
        query {
          $0.tenant = "acme"
          $0.actor = "bob"
        }) == ["n2"])
    #expect(await log.bodies(query { $0.tenant = "nobody" }).isEmpty)
  }

  @Test(arguments: ["about acme", "\"globex\"", "\"globex\"\n", "alert.fir", "ERROR"])
  func `by text looks into every member, and understands what JSON escapes`(text: String) async throws {
    let log = try await mixed()
    #expect(await log.writer.search(query { $0.text = text }).map(\.eventName) == ["alert.firing"])
  }

  @Test func `by status or its class, and by the code of a refusal`() async throws {
    let log = try TestLog()
    log.writer.append(access(1, status: 200))
    log.writer.append(access(2, status: 502, code: "upstream.unavailable"))
    log.writer.append(access(3, status: 503, code: "overload.shed"))
    log.writer.append(event(4))
    await log.writer.flush()
    func found(_ change: (inout LogQuery) -> Void) async -> [String?] {
      await log.writer.search(query(change)).map(\.requestID)
    }
    #expect(await found { $0.status = 502 } == ["request-2"])
    #expect(
      await found {
        $0.status = 500
        $0.isStatusClass = true
      } == ["request-3", "request-2"])
    #expect(await found { $0.code = "overload.shed" } == ["request-3"])
    #expect(await found { $0.event = "http.access" }.count == 3)
  }

  @Test func `of one tenant never yields another's, whatever is written in the lines`() async throws {
    let log = try TestLog()
    let mine = event(1, tenant: "acme")
    let others = [
      event(2, tenant: "acme2"), event(3, tenant: "globex", body: "\"tenant\":\"acme\""),
      event(4, tenant: "globex", actor: "acme"), event(5, tenant: "globex", attributes: [("tenant", .string("acme"))]),
      event(6, body: "acme"), event(7, tenant: "ACME"),
    ]
    await log.append(mine)
    for other in others { await log.append(other) }
    log.writer.append(access(8, status: 200, tenant: "globex", path: "/x\",\"tenant\":\"acme"))
    await log.writer.flush()
    #expect(await log.writer.search(query { $0.tenant = "acme" }).map(\.requestID) == ["request-1"])
    #expect(
      await log.writer.search(
        query {
          $0.tenant = "acme"
          $0.text = "globex"
        }
      ).isEmpty)
  }

  @Test func `between two times has the first and not the second`() async throws {
    let log = try TestLog()
    for number in 0..<60 { await log.append(event(number, at: base.adding(milliseconds: Int64(number) * 1000))) }
    let found = await log.bodies(
      query {
        $0.since = base.adding(milliseconds: 20_000)
        $0.until = base.adding(milliseconds: 25_000)
      })
    #expect(found == ["n24", "n23", "n22", "n21", "n20"])
  }

  @Test func `since a time finds a line that was written a little late`() async throws {
    let log = try TestLog()
    await log.append(event(1, at: base.adding(milliseconds: 9000)))
    await log.append(event(2, at: base.adding(milliseconds: 1000)))
    await log.append(event(3, at: base.adding(milliseconds: 10_000)))
    #expect(await log.bodies(query { $0.since = base.adding(milliseconds: 5000) }) == ["n3", "n1"])
  }

  @Test(arguments: [1, 7, 50, 499, 500])
  func `page by page yields everything once, newest first, across segments`(limit: Int) async throws {
    let log = try TestLog(segment: 3000)
    for number in 0..<300 {
      if number % 10 == 0 { log.clock.advance(by: .milliseconds(1)) }
      log.writer.append(event(number, tenant: number % 3 == 0 ? "acme" : "globex"))
    }
    await log.writer.flush()
    var page = query(limit: limit) { $0.tenant = "acme" }
    var bodies: [String] = []
    for _ in 0...101 {
      let findings = await log.writer.find(page)
      #expect(findings.records.count <= limit)
      bodies += findings.records.map { $0.body ?? "" }
      guard let next = findings.next else { break }
      page.before = LogPosition(next.description)
      log.writer.append(event(1000, tenant: "acme"))  // what is new is not on later pages
      await log.writer.flush()
    }
    #expect(bodies == (0..<300).reversed().filter { $0 % 3 == 0 }.map { "n\($0)" })
  }

  @Test func `has a limit of at least one and at most 500`() {
    #expect(LogQuery(limit: 0).limit == 1)
    #expect(LogQuery(limit: -5).limit == 1)
    #expect(LogQuery(limit: 100_000).limit == LogQuery.limitMax)
  }

  @Test(arguments: ["", "-", "1", "1-", "-1-2", "1-2-3", "a-b", "1--2", "1-99999999999999999999"])
  func `does not continue at a place that is none`(text: String) {
    #expect(LogPosition(text) == nil)
  }
}
