import BreakwaterTesting
import ControlModel
import Dispatch
import Foundation
import RequestLog
import Synchronization
import Telemetry
import Testing

/// Only visibility is lost: nothing that is logged waits for the disk or fails with it.
@Suite(.timeLimit(.minutes(3))) struct `When lines cannot be kept` {
  @Test func `more than may wait for a slow disk is dropped and counted, and nobody waits`() async throws {
    let disk = DispatchSemaphore(value: 0)
    let log = try TestLog(pending: 2000, copy: { _ in disk.wait() })
    for number in 1...1000 { log.writer.append(event(number)) }
    let dropped = log.dropped("full")
    #expect(dropped > 900 && dropped < 1000, "\(dropped)")
    for _ in 0...1000 { disk.signal() }
    await log.writer.flush()
    await log.append(event(2000))
    let kept = await log.bodies()
    #expect(kept.count == 1001 - Int(dropped))
    #expect(kept.first == "n2000")
    #expect(log.dropped("full") == dropped)
    #expect(log.dropped("write") == 0)
  }

  @Test func `a disk that takes nothing is counted line by line, and what is there is still found`() async throws {
    let folder = try TemporaryFolder()
    let file = try SealedFile(event(1).encoded() + [UInt8(ascii: "\n")])
    try FileManager.default.createSymbolicLink(
      atPath: folder.file("1795348800000.log"), withDestinationPath: file.path)
    let log = try TestLog(in: folder)
    await log.append(event(2), event(3))
    var block = access(4, status: 200)
    block.append(Array(access(5, status: 200).bytes.dropLast()), keys: (1, 0))
    log.writer.append(block)
    await log.writer.flush()
    #expect(log.dropped("write") == 4)
    #expect(await log.bodies() == ["n1"])
    #expect(await log.writer.records(withID: "request-1").count == 1)
    #expect(await log.writer.records(withID: "request-2").isEmpty)
  }

  @Test func `a segment goes on past its size while no new one can be opened`() async throws {
    let log = try TestLog(segment: 500)
    await log.append(event(1))
    let moved = log.folder.path + "-moved"
    try FileManager.default.moveItem(atPath: log.folder.path, toPath: moved)
    for number in 2...10 { await log.append(event(number)) }
    try FileManager.default.moveItem(atPath: moved, toPath: log.folder.path)
    #expect(try log.files(".log").count == 1)
    log.clock.advance(by: .seconds(1))
    await log.append(event(11), event(12))
    #expect(try log.files(".log").count == 2)
    #expect(await log.bodies() == (1...12).reversed().map { "n\($0)" })
    #expect(log.dropped("write") == 0)
    for number in 1...12 {
      #expect(await log.writer.records(withID: "request-\(number)").count == 1)
    }
  }

  @Test func `everyone may write at once: every line is whole and found by its id`() async throws {
    let log = try TestLog(segment: 20_000)
    await withTaskGroup(of: Void.self) { group in
      for task in 0..<8 {
        group.addTask {
          for round in 0..<100 { log.writer.append(event(task * 1000 + round)) }
        }
        group.addTask {
          for round in 0..<100 { log.writer.append(access(task * 1000 + 500 + round, status: 200)) }
        }
      }
    }
    await log.writer.flush()
    let lines = try log.files(".log").flatMap { log.bytes($0).split(separator: UInt8(ascii: "\n")) }
    #expect(lines.count == 1600)
    #expect(lines.allSatisfy { LogRecord.decode($0) != nil })
    for task in 0..<8 {
      for round in 0..<100 {
        #expect(await log.writer.records(withID: "request-\(task * 1000 + round)").count == 1)
        #expect(await log.writer.records(withID: "request-\(task * 1000 + 500 + round)").count == 1)
      }
    }
    // One writer's lines stand in its order.
    let bodies = lines.compactMap { LogRecord.decode($0)?.body }.filter { $0.hasPrefix("n3") && $0.count == 5 }
    #expect(bodies == (0..<100).map { "n\(3000 + $0)" })
  }

  @Test func `records are counted by severity, and handed to the copy as well`() async throws {
    let shared = Shared(Mutex<[UInt8]>([]))
    let log = try TestLog(copy: { bytes in shared.value.withLock { $0 += bytes } })
    await log.append(event(1), event(2, .error), event(3, .error))
    let records = log.metrics.family(MetricCatalog.logRecords)
    #expect(records.counter("info").value == 1)
    #expect(records.counter("error").value == 2)
    #expect(shared.value.withLock { $0 } == log.bytes(try #require(try log.files(".log").first)))
  }
}

/// Lets closures share what cannot be copied.
final class Shared<Value: ~Copyable & Sendable>: Sendable {
  let value: Value

  init(_ value: consuming Value) {
    self.value = value
  }
}

/// A file that cannot grow, as on a full disk: in memory, sealed by the kernel.
private final class SealedFile {
  private let descriptor: Int32

  struct Unavailable: Error {}

  init(_ bytes: [UInt8]) throws {
    // From linux/memfd.h and linux/fcntl.h; Swift's Glibc does not show them.
    let (allowSealing, addSeals, sealGrow): (UInt32, Int32, Int32) = (2, 1033, 4)
    typealias Create = @convention(c) (UnsafePointer<CChar>, UInt32) -> Int32
    guard let symbol = dlsym(dlopen(nil, RTLD_NOW), "memfd_create") else { throw Unavailable() }
    descriptor = unsafeBitCast(symbol, to: Create.self)("sealed", allowSealing)
    guard descriptor >= 0, write(descriptor, bytes, bytes.count) == bytes.count,
      fcntl(descriptor, addSeals, sealGrow) == 0
    else { throw Unavailable() }
  }

  deinit { close(descriptor) }

  var path: String { "/proc/self/fd/\(descriptor)" }
}
