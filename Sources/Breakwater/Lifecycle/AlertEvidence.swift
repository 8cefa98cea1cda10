import Alerting
import ControlModel
import Foundation
import Synchronization
import Telemetry

/// Requests that show what an alert is about: the newest troubled records of the log that agree with its labels. Kept in
/// memory as the log writes them, read only when an alert fires.
final class AlertEvidence: Sendable {
  /// Blocks kept; one is up to 64 KiB.
  private static let blocksMax = 64
  /// Records looked at for one alert.
  private static let linesMax = 2_000
  /// Requests one alert cites.
  static let requestsMax = 3
  private static let ageMilliseconds: Int64 = 300_000
  /// Labels of alerts that records have too.
  private static let shared = ["tenant", "profile", "venue", "route", "upstream", "method", "code"]

  /// Troubled records of the process itself that are kept.
  private static let recordsMax = 200

  private let blocks = Mutex<[LogBlock]>([])
  private let records = Mutex<[[UInt8]]>([])

  /// Takes the access lines the log takes; never blocks.
  func add(_ block: LogBlock) {
    blocks.withLock { blocks in
      blocks.append(block)
      if blocks.count > Self.blocksMax { blocks.removeFirst() }
    }
  }

  /// Takes a record the log takes, if it is of trouble with a request.
  func add(_ event: LogEvent) {
    guard event.severity.rawValue >= LogEvent.Severity.warn.rawValue, event.requestID != nil else { return }
    let line = event.encoded()
    records.withLock { records in
      records.append(line)
      if records.count > Self.recordsMax { records.removeFirst() }
    }
  }

  /// Ids of requests, newest first.
  func requests(for alert: Alert, at now: WallTime) -> [String] {
    let labels = Self.shared.compactMap { name in alert.label(name).map { (name, $0) } }
    // Without a label in common only what failed at the gateway can be meant, and only by a rule about requests.
    let isAboutRequests =
      alert.expression.contains("breakwater_http_") || alert.expression.contains("breakwater_upstream_")
    guard !labels.isEmpty || isAboutRequests else { return [] }
    var found: [String] = []
    var looked = 0
    let own = records.withLock { $0 }.reversed().map { $0[...] }
    for lines in [own] + blocks.withLock({ $0 }).reversed().map({ Self.lines($0) }) {
      for line in lines {
        looked += 1
        guard looked <= Self.linesMax, found.count < Self.requestsMax else { return found }
        guard let id = Self.request(line, labels, at: now), !found.contains(id) else { continue }
        found.append(id)
      }
    }
    return found
  }

  private static func lines(_ block: LogBlock) -> [ArraySlice<UInt8>] {
    block.bytes.split(separator: UInt8(ascii: "\n")).reversed()
  }

  private static let troubled = [Array("\"severity_text\":\"WARN\"".utf8), Array("\"severity_text\":\"ERROR\"".utf8)]

  private static func request(_ line: ArraySlice<UInt8>, _ labels: [(String, String)], at now: WallTime) -> String? {
    guard troubled.contains(where: { line.firstRange(of: $0) != nil }),
      let record = try? JSONSerialization.jsonObject(with: Data(line)) as? [String: Any],
      let id = record["request_id"] as? String, let time = (record["ts"] as? String).flatMap({ WallTime(rfc3339: $0) }),
      now.unixMilliseconds - time.unixMilliseconds <= ageMilliseconds
    else { return nil }
    guard !labels.isEmpty else { return (record["status"] as? Int ?? 0) >= 500 ? id : nil }
    let attributes = record["attributes"] as? [String: Any]
    let agrees = labels.allSatisfy { name, value in
      (record[name] as? String ?? attributes?[name] as? String) == value
    }
    return agrees ? id : nil
  }
}
