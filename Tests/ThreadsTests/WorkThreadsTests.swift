import Dispatch
import Foundation
import Synchronization
import Testing
import Threads

@Suite struct `Work threads` {
  private final class Notes: Sendable {
    private let list = Mutex<[String]>([])
    func add(_ words: String) { list.withLock { $0.append(words) } }
    var all: [String] { list.withLock { $0 } }
  }

  private func turn(of threads: WorkThreads) async {
    await withCheckedContinuation { continuation in threads.run { continuation.resume() } }
  }

  @Test func `one thread does what it is handed in turn`() async {
    let threads = WorkThreads("test", niceness: 0)
    let notes = Notes()
    for number in 0..<100 { threads.run { notes.add("\(number)") } }
    await turn(of: threads)
    #expect(notes.all == (0..<100).map(String.init))
  }

  @Test func `what is due goes before what waits, and what is not due after it`() async {
    let threads = WorkThreads("test", niceness: 0)
    let notes = Notes()
    let gate = DispatchSemaphore(value: 0)
    threads.run { gate.wait() }
    threads.run { notes.add("waiting") }
    threads.run(after: 50_000_000) { notes.add("later") }
    threads.run(after: 60_000_000) { notes.add("last") }
    threads.run(after: 0) { notes.add("due") }
    gate.signal()
    await withCheckedContinuation { continuation in threads.run(after: 70_000_000) { continuation.resume() } }
    #expect(notes.all == ["due", "waiting", "later", "last"])
  }

  @Test func `nothing comes before its time`() async {
    let threads = WorkThreads("test", count: 2, niceness: 0)
    let start = DispatchTime.now().uptimeNanoseconds
    let end = await withCheckedContinuation { continuation in
      threads.run(after: 20_000_000) { continuation.resume(returning: DispatchTime.now().uptimeNanoseconds) }
    }
    #expect(end - start >= 20_000_000)
  }

  @Test func `the threads end after what is queued`() async {
    let notes = Notes()
    let done = DispatchSemaphore(value: 0)
    do {
      let threads = WorkThreads("test", count: 2, niceness: 0)
      for _ in 0..<50 {
        threads.run {
          notes.add("done")
          done.signal()
        }
      }
      threads.run(after: 3_600_000_000_000) { notes.add("an hour later") }
    }
    await withCheckedContinuation { continuation in
      DispatchQueue.global().async {
        for _ in 0..<50 { done.wait() }
        continuation.resume()
      }
    }
    #expect(notes.all == Array(repeating: "done", count: 50))
  }

  #if os(Linux)
    @Test func `the system is told that they yield`() async {
      let own = getpriority(.init(PRIO_PROCESS.rawValue), 0)
      let threads = WorkThreads("test", niceness: 5)
      let (policy, nice) = await withCheckedContinuation { continuation in
        threads.run {
          continuation.resume(returning: (sched_getscheduler(0), getpriority(.init(PRIO_PROCESS.rawValue), 0)))
        }
      }
      #expect(policy == 3)  // SCHED_BATCH
      #expect(nice == min(19, own + 5))
    }

    @Test func `an operator sees which is which`() async {
      let threads = WorkThreads("a name longer than it can be", niceness: 0)
      let name = await withCheckedContinuation { continuation in
        threads.run {
          continuation.resume(returning: try? String(contentsOfFile: "/proc/thread-self/comm", encoding: .utf8))
        }
      }
      #expect(name == "a name longer t\n")
    }
  #endif
}
