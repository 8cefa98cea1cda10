import ArgumentParser
import DataPlane
import Foundation

/// `breakwater measure-guard`: how fast this build looks through answers for other tenants' data.
struct MeasureGuard: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "measure-guard", abstract: "Measure the response guard's scanner.", shouldDisplay: false)

  func run() async throws {
    for (name, bytes, rate) in GuardMeasurement.megabytesPerSecond({ Int64(DispatchTime.now().uptimeNanoseconds) }) {
      Terminal.print("scanner  \(name) (\(bytes) bytes): \(Int(rate)) MB/s")
    }
  }
}
