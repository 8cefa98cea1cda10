import ControlModel
import Foundation
package import Telemetry

/// The real clocks and randomness: the only place below `main` that reads them.
package enum SystemSources {
  package static let clocks = Clocks(
    wall: {
      var time = timespec()
      clock_gettime(CLOCK_REALTIME, &time)
      return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    },
    monotonic: {
      var time = timespec()
      clock_gettime(CLOCK_BOOTTIME, &time)  // counts a suspended machine's time too: a lease does not outlive its sleep
      return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    })

  package static func seed() -> UInt64 {
    var generator = SystemRandomNumberGenerator()
    return generator.next()
  }

  /// 32 unpredictable bytes.
  package static func secret() -> [UInt8] {
    var generator = SystemRandomNumberGenerator()
    return (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
  }

  /// Sleeps, or returns early when cancelled.
  package static func sleep(_ duration: Duration) async { try? await Task.sleep(for: duration) }
}
