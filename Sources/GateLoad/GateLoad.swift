import ControlModel
import Foundation
import Synchronization
import TradingRuntime

/// The real gate in figures: what a check costs an order, and many orders on several threads against stops that follow one
/// another. `breakwater-gate-load [ORDERS]` prints JSON and ends with 1 when an order was under way although a stop was sealed.
@main
struct GateLoad {
  static func main() {
    let orders = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 100_000_000
    let alone = CheckCost.measure(threads: 1, controls: 0)
    let crowded = CheckCost.measure(threads: 1, controls: 1_100)
    let two = CheckCost.measure(threads: 2, controls: 0)
    let load = StopLoad.run(orders: orders, drains: true)
    // The same without draining must show violations, or looking for them means nothing.
    let mutant = StopLoad.run(orders: orders / 10, drains: false)
    print(
      """
      {
        "checkNanoseconds": {
          "oneThread": \(alone.json), "with1100Controls": \(crowded.json), "twoThreads": \(two.json)
        },
        "stops": \(load.json),
        "withoutDraining": \(mutant.json)
      }
      """)
    exit(load.violations == 0 && load.passed >= orders && mutant.violations > 0 ? 0 : 1)
  }
}

/// Names and controls to measure with.
enum Subject {
  static let venue = named(VenueID("paper"))
  static let symbol = named(Symbol("AAPL"))
  static let profile = named(ProfileID("scalper-1"))

  static func tenant(_ name: String) -> TenantID { named(TenantID(name)) }

  /// The clock leases are counted on in the product.
  static func now() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_BOOTTIME, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }

  /// An open gate with a lease, as in the product.
  static func gate() -> OrderGate {
    let gate = OrderGate(monotonic: { now() })
    gate.setLease(until: now() + 3_600_000_000_000)
    gate.setHeld(false)
    return gate
  }

  static func control(_ number: Int, _ scope: ControlScope) -> Control {
    let time = WallTime(unixMilliseconds: 0)
    return Control(
      id: named(ControlID("ctl_\(number)")), scope: scope, kind: .halt, level: .halted, cancel: .none,
      reason: "measurement",
      ticket: nil, actor: "measurement", origin: .human, createdAt: time, epoch: Epoch(UInt64(number)), reviewBy: time,
      requestID: RequestID(checked: "measurement-1"))
  }

  private static func named<Name>(_ name: Name?) -> Name {
    guard let name else { preconditionFailure("the names here are names") }
    return name
  }

  /// Runs `work` on as many threads and waits for all of them.
  static func onThreads(_ count: Int, _ work: @escaping @Sendable (Int) -> Void) {
    let group = DispatchGroup()
    for index in 0..<count {
      group.enter()
      Thread {
        work(index)
        group.leave()
      }.start()
    }
    group.wait()
  }
}

/// What entering and leaving cost, from batches of a hundred: one alone is shorter than reading a clock twice.
struct CheckCost {
  let p50: Double
  let p99: Double

  static func measure(threads: Int, controls: Int) -> CheckCost {
    let gate = Subject.gate()
    gate.publish(
      ControlState(
        controls: (0..<controls).map { Subject.control($0, ControlScope(tenant: Subject.tenant("other-\($0)"))) }))
    let all = Mutex([Double]())
    Subject.onThreads(threads) { index in
      let seat = gate.seat(Subject.tenant("orchid-\(index)"), Subject.profile)
      var samples: [Double] = []
      for _ in 0..<50_000 {
        let start = Subject.now()
        for _ in 0..<100 {
          if case .passed(let pass) = gate.enter(seat, venue: Subject.venue, symbol: Subject.symbol, isReducing: false)
          {
            gate.leave(pass)
          }
        }
        samples.append(Double(Subject.now() - start) / 100)
      }
      all.withLock { $0 += samples }
    }
    let sorted = all.withLock { $0.sorted() }
    return CheckCost(p50: sorted[sorted.count / 2], p99: sorted[sorted.count * 99 / 100])
  }

  var json: String { #"{ "p50": \#(p50), "p99": \#(p99) }"# }
}

/// Orders on two threads, and stops of everything one after another. An order inside its section while a stop is sealed is a
/// violation of invariant H.
struct StopLoad {
  let passed: Int
  let refused: Int
  let stops: Int
  let violations: Int
  let seconds: Double
  let stopMicroseconds: (p50: Double, p99: Double, max: Double)

  static let threads = 2

  static func run(orders: Int, drains: Bool) -> StopLoad {
    let gate = Subject.gate()
    let counts = Mutex((passed: 0, refused: 0, violations: 0))
    let isSealed = Atomic(false)
    let done = Atomic(0)
    let start = Subject.now()
    let stops = Mutex([Double]())
    Subject.onThreads(threads + 1) { index in
      guard index < threads else {
        stops.withLock {
          $0 = stop(gate, isSealed, until: { done.load(ordering: .relaxed) == threads }, drains: drains)
        }
        return
      }
      let seat = gate.seat(Subject.tenant("orchid-\(index)"), Subject.profile)
      var (passed, refused, violations) = (0, 0, 0)
      while passed < orders / threads + 1 {
        switch gate.enter(seat, venue: Subject.venue, symbol: Subject.symbol, isReducing: false) {
        case .refused:
          refused += 1
          sched_yield()
        case .passed(let pass):
          // Some writes take as long as a system call with a full buffer.
          if passed % 1_000 == 0 {
            let writtenAt = Subject.now() + 20_000
            while Subject.now() < writtenAt {}
          }
          if isSealed.load(ordering: .sequentiallyConsistent) { violations += 1 }
          gate.leave(pass)
          passed += 1
        }
      }
      done.add(1, ordering: .relaxed)
      counts.withLock { counts in
        counts.passed += passed
        counts.refused += refused
        counts.violations += violations
      }
    }
    let (passed, refused, violations) = counts.withLock { $0 }
    let sorted = stops.withLock { $0.sorted() }
    return StopLoad(
      passed: passed, refused: refused, stops: sorted.count, violations: violations,
      seconds: Double(Subject.now() - start) / 1e9,
      stopMicroseconds: (sorted[sorted.count / 2], sorted[sorted.count * 99 / 100], sorted[sorted.count - 1]))
  }

  /// Stops, and opens again, until there are no more orders. Returns how long each stop took to seal, in microseconds.
  private static func stop(
    _ gate: OrderGate, _ isSealed: borrowing Atomic<Bool>, until isOver: () -> Bool, drains: Bool
  ) -> [Double] {
    var times: [Double] = []
    let halted = ControlState(epoch: Epoch(1), controls: [Subject.control(1, .global)])
    repeat {
      let start = Subject.now()
      gate.publish(halted)
      if drains {
        let target = gate.drainTarget
        while !gate.hasDrained(target) { sched_yield() }
      }
      times.append(Double(Subject.now() - start) / 1_000)
      isSealed.store(true, ordering: .sequentiallyConsistent)
      let sealedUntil = Subject.now() + 20_000
      while Subject.now() < sealedUntil {}
      isSealed.store(false, ordering: .sequentiallyConsistent)
      gate.publish(ControlState(epoch: Epoch(2)))
      let openUntil = Subject.now() + 300_000
      while Subject.now() < openUntil, !isOver() { sched_yield() }
    } while !isOver()
    return times
  }

  var json: String {
    """
    {
        "orders": \(passed), "refused": \(refused), "stops": \(stops), "violations": \(violations), "seconds": \(seconds),
        "stopMicroseconds": { "p50": \(stopMicroseconds.p50), "p99": \(stopMicroseconds.p99), "max": \(stopMicroseconds.max) }
      }
    """
  }
}
