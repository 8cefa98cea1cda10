import ControlModel
import DataPlane
import MetricStore
import Telemetry

/// The metric store as an operator handles it.
struct MetricEndpoints {
  let context: AdminContext

  private static let lane = QueryLanes(threads: 1, waitingMax: 2)

  /// POST /admin/metrics/snapshot
  func snapshot(_ call: Call) async throws(Refusal) -> Reply {
    let (store, now) = (context.metricStore, context.clocks.wall())
    let name = "\(now)-\(call.requestID.text.suffix(8))"
    let result: Result<String, MetricFileError>
    do throws(QueryLanes.Busy) {
      result = try await Self.lane.run { _ in
        Result { () throws(MetricFileError) in try store.snapshot(named: name, at: now) }
      }
    } catch {
      throw Refusal(.overloadShed, "Snapshots are being written already; try again when they are done.")
    }
    do throws(MetricFileError) {
      return .json(201, ["folder": try result.get()])
    } catch {
      throw Refusal(.storeUnavailable, "The snapshot could not be written: \(error).")
    }
  }
}
