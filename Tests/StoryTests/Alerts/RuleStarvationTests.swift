import BreakwaterTesting
import ControlModel
import Dispatch
import Foundation
import Synchronization
import Testing

@testable import AdminAPI

@Suite(.timeLimit(.minutes(5))) struct `A flood of expensive queries` {
  /// In a process of its own, for the threads that evaluate queries are the process'. Each is held by a query that does not
  /// end; the dashboards behind them wait.
  @Test func `delays no rule`() async {
    await #expect(processExitsWith: .success) { try await Self.rulesGoOn() }
  }

  private static func rulesGoOn() async throws {
    let folder = try TemporaryFolder()
    let text = "groups: [ { name: story, rules: [ { alert: Story, expr: 'vector(1)', labels: { severity: none } } ] } ]"
    try Data(text.utf8).write(to: URL(fileURLWithPath: folder.file("story.yml")))
    try await withProduct(extra: "alerting: { rules: [\"\(folder.file("story.yml"))\"] }") { product in
      let token = try product.people.token(.support, "sam")
      func evaluations() async throws -> Int {
        let page = try await product.call("GET", "/metrics", ops: true).text
        let count = page.firstMatch(of: /breakwater_rule_evaluation_duration_seconds_count\{[^}]*\} (\d+)/)
        return count.flatMap { Int($0.1) } ?? 0
      }
      let endless = EndlessQueries()
      try await withThrowingTaskGroup { group in
        defer { endless.end() }
        for _ in 0..<QueryLanes.threadsShared {
          group.addTask { try await QueryLanes.shared.run { _ in endless.run() } }
        }
        try await product.eventually("every thread for queries is taken") {
          endless.running == QueryLanes.threadsShared
        }
        for _ in 0..<8 {
          group.addTask { _ = try await product.call("GET", "/prometheus/api/v1/query?query=up", token: token) }
        }
        let before = try await evaluations()
        let isGoingOn = try await eventually { try await evaluations() >= before + 3 }
        precondition(isGoingOn && endless.running == QueryLanes.threadsShared)
        endless.end()
        try await group.waitForAll()
      }
    }
  }
}

/// Queries that go on until they are told to end.
private final class EndlessQueries: Sendable {
  private struct State {
    var running = 0
    var isOver = false
  }

  private let state = Mutex(State())
  private let over = DispatchSemaphore(value: 0)

  var running: Int { state.withLock { $0.running } }

  func run() {
    let waits = state.withLock { state in
      state.running += 1
      return !state.isOver
    }
    if waits { over.wait() }
  }

  /// The second time it does nothing.
  func end() {
    let waiting = state.withLock { state in
      defer { state.isOver = true }
      return state.isOver ? 0 : state.running
    }
    for _ in 0..<waiting { over.signal() }
  }
}
