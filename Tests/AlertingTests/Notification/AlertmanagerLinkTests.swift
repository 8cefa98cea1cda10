import BreakwaterTesting
import ControlModel
import Foundation
import Synchronization
import Telemetry
import Testing

@testable import Alerting

/// A real Alertmanager is kept up to date.
@Suite struct `The link to an Alertmanager` {
  private final class Peer: Sendable {
    let sent = Mutex<[[String]]>([])
    let isDown = Mutex(false)

    struct Down: Error {}

    /// Each POST as `Down until 240`, or `ended 5`, in seconds since noon.
    @Sendable func take(_ message: OutboundMessage) async throws {
      if isDown.withLock({ $0 }) { throw Down() }
      guard case .http(let url, _, let body) = message, url == "http://am/api/v2/alerts" else { throw Down() }
      let list = try JSONSerialization.jsonObject(with: Data(body)) as? [[String: Any]] ?? []
      let texts = list.map { alert in
        let name = (alert["labels"] as? [String: String])?["alertname"] ?? "?"
        let end = (alert["endsAt"] as? String).flatMap { WallTime(rfc3339: $0) } ?? noon
        return "\(name) until \((end.unixMilliseconds - noon.unixMilliseconds) / 1000)"
      }
      sent.withLock { $0.append(texts) }
    }

    func take() -> [[String]] {
      sent.withLock { sent in
        defer { sent = [] }
        return sent
      }
    }
  }

  @Test func `sends at once, again every minute, and ends for a quarter of an hour`() async throws {
    let peer = Peer()
    let link = try #require(
      AlertmanagerLink(
        Receiver(name: "am", kind: .alertmanager(url: "http://am/")), externalURL: "", metrics: MetricRegistry(),
        send: peer.take))
    let down = try firing("Down")
    link.take([down], [AlertDesk.Transition(what: .firing, alert: down, at: noon)])
    await link.send(at: noon)
    await link.send(at: noon.plus(seconds: 59))
    #expect(peer.take() == [["Down until 240"]])
    link.take([down], [])
    await link.send(at: noon.plus(seconds: 60))
    #expect(peer.take() == [["Down until 300"]])
    link.take([], [AlertDesk.Transition(what: .resolved, alert: down, at: noon.plus(seconds: 70))])
    await link.send(at: noon.plus(seconds: 70))
    #expect(peer.take() == [["Down until 70"]])
    await link.send(at: noon.plus(seconds: 130))
    #expect(peer.take() == [["Down until 70"]])
    await link.send(at: noon.plus(seconds: 70 + 900))
    #expect(peer.take() == [])
  }

  @Test func `tries again after five seconds, and loses nothing meanwhile`() async throws {
    let peer = Peer()
    let metrics = MetricRegistry()
    let link = try #require(
      AlertmanagerLink(
        Receiver(name: "am", kind: .alertmanager(url: "http://am")), externalURL: "", metrics: metrics, send: peer.take)
    )
    peer.isDown.withLock { $0 = true }
    let down = try firing("Down")
    link.take([down], [])
    await link.send(at: noon)
    link.take([], [AlertDesk.Transition(what: .resolved, alert: down, at: noon.plus(seconds: 1))])
    await link.send(at: noon.plus(seconds: 2))
    peer.isDown.withLock { $0 = false }
    await link.send(at: noon.plus(seconds: 4))
    #expect(peer.take() == [])
    await link.send(at: noon.plus(seconds: 5))
    #expect(peer.take() == [["Down until 1"]])
    let counted = metrics.family(MetricCatalog.notifications)
    #expect(counted.counter("am", "failed").value == 1 && counted.counter("am", "ok").value == 1)
  }

  @Test func `sends many in batches`() async throws {
    let peer = Peer()
    let link = try #require(
      AlertmanagerLink(
        Receiver(name: "am", kind: .alertmanager(url: "http://am")), externalURL: "", metrics: MetricRegistry(),
        send: peer.take))
    link.take(try (0..<1200).map { try firing("A", "n=\"\($0)\"") }, [])
    await link.send(at: noon)
    #expect(peer.take().map(\.count) == [500, 500, 200])
  }
}
