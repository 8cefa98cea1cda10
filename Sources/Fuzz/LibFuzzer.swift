#if LIBFUZZER
  import Foundation
  import Synchronization
  import Telemetry

  /// The two functions libFuzzer calls. `BREAKWATER_FUZZ` names the subject.
  private enum Driver {
    static let subject =
      ProcessInfo.processInfo.environment["BREAKWATER_FUZZ"].flatMap { Subject(rawValue: $0) } ?? .tokens
    static let fuzzing = Mutex(Fuzzing(subject, seed: 1))
  }

  @_cdecl("LLVMFuzzerTestOneInput")
  public func fuzzOne(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: bytes, count: count))
    _ = Driver.fuzzing.withLock { $0.run(input) }
    return 0
  }

  /// libFuzzer's own mutation of bytes.
  @_silgen_name("LLVMFuzzerMutate")
  private func mutateBytes(_ bytes: UnsafeMutablePointer<UInt8>, _ count: Int, _ countMax: Int) -> Int

  /// Half of the inputs are damaged by libFuzzer, half by us, who know what a token or a head looks like; a quarter begins
  /// with one that is right, which no file can hold where its signature is made in this process.
  @_cdecl("LLVMFuzzerCustomMutator")
  public func mutate(_ bytes: UnsafeMutablePointer<UInt8>, _ count: Int, _ countMax: Int, _ seed: UInt32) -> Int {
    if seed & 1 == 0 { return mutateBytes(bytes, count, countMax) }
    var random = FastRandom(seed: UInt64(seed))
    let input = Array(UnsafeBufferPointer(start: bytes, count: count))
    let mutated = Driver.fuzzing.withLock { fuzzing in
      if fuzzing.subject == .tokens, seed & 0x1e == 0 { _ = fuzzing.runSigned() }
      let seeds = fuzzing.seeds
      let origin = seed & 2 == 0 ? input : seeds[Int(seed >> 8) % seeds.count]
      return fuzzing.mutate(origin, seeds + [input], using: &random).prefix(countMax)
    }
    for (index, byte) in mutated.enumerated() { bytes[index] = byte }
    return mutated.count
  }
#endif
