import Alerting
import ControlModel
import ControlPlane
import PromQL
import Synchronization
import TradingRuntime

/// Which alerts fire, for those built before the alert desk is.
final class FiringAlerts: Sendable {
  private let desk = Mutex<AlertDesk?>(nil)

  func watch(_ desk: AlertDesk) { self.desk.withLock { $0 = desk } }

  /// Alerts that fire and were meant for people.
  var all: [Alert] {
    (desk.withLock { $0 }?.alerts ?? []).filter { $0.state == .firing && $0.severity != "none" }
  }
}

extension ReleaseGuards {
  /// The guards of an installation that trades: its runtime and its alerts.
  init(_ runtime: TradingRuntime, _ firing: FiringAlerts) {
    self.init()
    profiles = { runtime.profiles(in: $0) }
    obstacles = { await runtime.obstacles($0) }
    openCount = { runtime.openCount(among: $0) }
    firingAlert = { fingerprint in firing.all.first { $0.fingerprint == fingerprint }?.name }
    // A critical alert that asks for containment and began to fire after the release ends it again.
    alarm = { scope, since in
      if let alarm = runtime.alarm(scope) { return alarm }
      let alert = firing.all.first {
        $0.severity == "critical" && $0.labels["control"] != nil && ($0.firedAt ?? $0.activeAt) > since
      }
      return alert.map { Obstacle(.alert, "the alert \($0.name) fires") }
    }
  }
}

extension TradingRuntime {
  /// Flattening within the installation's limits.
  func flattening(_ limits: FlattenLimits) -> CommandProcessor.Flatten {
    { scope, name, actor, requestID, isGranted, report in
      await self.flatten(
        scope, name: name, limits, actor: actor, requestID: requestID, isGranted: isGranted, report: report)
    }
  }
}
