import AdminAPI
import ControlModel
import DataPlane
import Synchronization
import Telemetry
import Wire

/// The configuration in force, and the versions this process has run on. A new one is applied whole or not at all: what
/// can change while requests run (routes, upstreams, limits) does, and the rest is named as needing a restart.
final class LiveConfiguration: ConfigurationKeeper {
  private struct Version {
    let number: Int
    let configuration: Configuration
    let at: WallTime
    let by: String
    let applied: [String]
    let needsRestart: [String]
  }

  private struct State {
    /// Oldest first; the last of them was applied last.
    var versions: [Version]
    var apply: (@Sendable (Configuration, Material) -> Void)?
  }

  /// Versions kept to go back to.
  private static let versionsMax = 20
  /// Sections whose settings take effect at once.
  private static let live = [
    "routes", "upstreams", "limits", "guard", "server.tls", "alerting.rules", "alerting.route",
    "alerting.inhibitRules", "alerting.inhibit_rules", "alerting.timeIntervals", "alerting.time_intervals",
  ]

  private let file: ConfigurationFile?
  private let clocks: Clocks
  private let succeeded: Gauge
  private let succeededAt: Gauge
  private let state: Mutex<State>

  /// - Parameter file: where to read again; without one there is nothing to reload.
  init(_ configuration: Configuration, file: ConfigurationFile?, clocks: Clocks, metrics: MetricRegistry) {
    self.file = file
    self.clocks = clocks
    succeeded = metrics.gauge(MetricCatalog.configReloadSuccessful)
    succeededAt = metrics.gauge(MetricCatalog.configReloadSuccess)
    let first = Version(
      number: 1, configuration: configuration, at: clocks.now, by: "start", applied: [], needsRestart: [])
    state = Mutex(State(versions: [first]))
    succeeded.set(1)
    succeededAt.set(Double(first.at.unixMilliseconds) / 1000)
  }

  /// What makes a configuration take effect. Set once, when everything is wired.
  func onApply(_ apply: @escaping @Sendable (Configuration, Material) -> Void) {
    state.withLock { $0.apply = apply }
  }

  // MARK: Looking

  func document() -> ConfigurationDocument {
    state.withLock { state in
      let current = state.versions[state.versions.count - 1]
      return ConfigurationDocument(
        version: current.number, loadedAt: current.at.description,
        settings: current.configuration.sources.map { .init(key: $0.key, value: $0.value, source: $0.source) })
    }
  }

  func versions() -> [ConfigurationVersionItem] {
    state.withLock { state in
      state.versions.reversed().enumerated().map { Self.item($1, isCurrent: $0 == 0) }
    }
  }

  func problems(in text: String?) -> [FieldProblem] {
    do throws(ConfigurationProblems) {
      guard let file else { throw Self.noFile }
      let text = if let text { text } else { try file.text() }
      _ = try Material(try file.parse(text))
      return []
    } catch {
      return Self.fields(error)
    }
  }

  // MARK: Changing

  func reload(by actor: String) throws(Refusal) -> ConfigurationVersionItem {
    do throws(ConfigurationProblems) {
      guard let file else { throw Self.noFile }
      let configuration = try file.load()
      return put(configuration, try Material(configuration), by: actor)
    } catch {
      succeeded.set(0)
      throw Self.refusal(error)
    }
  }

  private static func refusal(_ problems: ConfigurationProblems) -> Refusal {
    Refusal(
      .requestInvalid, "The configuration is refused and nothing has changed: \(problems.problems[0])",
      fields: fields(problems))
  }

  func rollBack(to number: Int?, by actor: String) throws(Refusal) -> ConfigurationVersionItem {
    let earlier = state.withLock { state in
      number.map { number in state.versions.last { $0.number == number } } ?? state.versions.dropLast().last
    }
    guard let earlier else {
      throw Refusal(.notFound, "There is no earlier version to go back to; see /admin/config/versions.")
    }
    do throws(ConfigurationProblems) {
      // What it points at is read as it is now: an old version must not bring an old certificate back.
      return put(earlier.configuration, try Material(earlier.configuration), by: actor)
    } catch {
      throw Self.refusal(error)
    }
  }

  private func put(_ configuration: Configuration, _ material: Material, by actor: String) -> ConfigurationVersionItem {
    let now = clocks.now
    succeeded.set(1)
    succeededAt.set(Double(now.unixMilliseconds) / 1000)
    return state.withLock { state in
      let previous = state.versions[state.versions.count - 1]
      let changed = Self.changes(from: previous.configuration, to: configuration)
      let version = Version(
        number: previous.number + 1, configuration: configuration, at: now, by: actor,
        applied: changed.filter(Self.isLive), needsRestart: changed.filter { !Self.isLive($0) })
      state.versions.append(version)
      if state.versions.count > Self.versionsMax { state.versions.removeFirst() }
      // Under the lock, so that two reloads take effect in the order of their numbers. It only swaps a snapshot.
      state.apply?(configuration, material)
      return Self.item(version, isCurrent: true)
    }
  }

  private static func isLive(_ key: String) -> Bool {
    live.contains { key == $0 || key.hasPrefix($0 + ".") || key.hasPrefix($0 + "[") }
  }

  private static func changes(from old: Configuration, to new: Configuration) -> [String] {
    func values(_ configuration: Configuration) -> [String: String] {
      Dictionary(configuration.sources.map { ($0.key, $0.value) }, uniquingKeysWith: { _, last in last })
    }
    let (before, after) = (values(old), values(new))
    return Set(before.keys).union(after.keys).filter { before[$0] != after[$0] }.sorted()
  }

  private static func item(_ version: Version, isCurrent: Bool) -> ConfigurationVersionItem {
    ConfigurationVersionItem(
      version: version.number, loadedAt: version.at.description, by: version.by, isCurrent: isCurrent,
      applied: version.applied, needsRestart: version.needsRestart)
  }

  private static let noFile = ConfigurationProblems(
    problems: [
      ConfigurationProblem(
        file: "configuration", line: nil, key: "", message: "this process was started without a file")
    ])

  private static func fields(_ problems: ConfigurationProblems) -> [FieldProblem] {
    problems.problems.map { problem in
      FieldProblem(problem.key, "\(problem.line.map { "line \($0): " } ?? "")\(problem.message)")
    }
  }
}
