import BreakwaterTesting
import ControlModel
import Synchronization
import Testing

@testable import DataPlane

@Suite struct `An endpoint with a lane` {
  /// Threads of its own, for as many handlers as there is room.
  private final class Lane: EndpointLane {
    private let room: Int
    private let inside = Atomic<Int>(0)

    init(room: Int) { self.room = room }

    var count: Int { inside.load(ordering: .relaxed) }

    func enter() -> Bool {
      if inside.add(1, ordering: .relaxed).newValue <= room { return true }
      leave()
      return false
    }

    func leave() { inside.subtract(1, ordering: .relaxed) }

    func enqueue(_ job: consuming ExecutorJob) {
      let job = UnownedJob(job)
      // Any thread will do here; that the task runs for this executor is what is looked at.
      Task.detached { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
  }

  private func routes(_ lane: Lane) -> [Route] {
    let endpoint = Endpoint("Says where it runs.", on: lane) { (_: Call) async throws(Refusal) -> Reply in
      let isInLane = withUnsafeCurrentTask { $0?.unownedTaskExecutor == lane.asUnownedTaskExecutor() }
      return Reply(200, contentType: "text/plain", body: .bytes(Array((isInLane ? "lane" : "shared").utf8)))
    }
    return [Route(.get, "/where", access: .open, class: .read, action: .endpoint(endpoint))]
  }

  @Test func `runs there, and gives its place back`() async throws {
    let lane = Lane(room: 3)
    try await withGateway {
      $0.routes = routes(lane)
    } _: { gateway in
      for _ in 0..<3 {
        let answer = try await gateway.call("GET", "/where")
        #expect(answer.text == "lane")
      }
      try await waitUntil("nobody is in the lane") { lane.count == 0 }
    }
  }

  @Test func `runs on the shared threads while there is no room, to say so`() async throws {
    let lane = Lane(room: 0)
    try await withGateway {
      $0.routes = routes(lane)
    } _: { gateway in
      let answer = try await gateway.call("GET", "/where")
      #expect(answer.text == "shared")
      #expect(lane.count == 0)
    }
  }
}
