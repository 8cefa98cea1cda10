package import Alerting
package import ControlModel
package import DataPlane
import Foundation
package import Strategy
import TradingRuntime
import Venues

/// What the configuration points at, read and checked: rules, runbooks, bars, certificates. Nothing here changes anything, so `check`
/// and a start do the same work.
package struct Material: Sendable {
  package let ruleGroups: [RuleGroup]
  package let runbooks: [String: String]
  package let bars: [Symbol: [Bar]]
  /// Records of backtests that let rules act by themselves.
  let backtests: [BacktestRecord]
  /// What the public listener answers handshakes with; nil speaks plain HTTP.
  package let tls: TLSIdentity?
  private let tlsFiles: Configuration.TLSFiles?
  /// What works, but an operator would miss: alerts without a runbook, a key others can read.
  package let warnings: [ConfigurationProblem]

  /// Throws every problem found.
  package init(_ configuration: Configuration) throws(ConfigurationProblems) {
    var problems: [ConfigurationProblem] = []
    ruleGroups = Self.rules(configuration.alerting.rules, &problems)
    runbooks = Self.runbooks(configuration.alerting.runbooks, &problems)
    backtests = BacktestFile.records(configuration.controls.backtests, &problems)
    bars = configuration.runtime.isEnabled ? Self.bars(configuration.runtime.replay, &problems) : [:]
    for profile in configuration.runtime.profiles where configuration.runtime.isEnabled {
      for symbol in profile.symbols where bars[symbol] == nil {
        let known = bars.keys.map(\.text).sorted().joined(separator: ", ")
        problems.append(
          ConfigurationProblem(
            file: "configuration", line: nil, key: "runtime.profiles",
            message: "profile \(profile.account.profile) trades \(symbol), but there are bars of \(known) only"))
      }
    }
    tlsFiles = configuration.server.tls
    tls = tlsFiles.flatMap { TLSMaterial.identity($0, &problems) }
    let exposed = tlsFiles.flatMap { TLSMaterial.exposedKey($0) }
    warnings =
      [exposed].compactMap(\.self)
      + ruleGroups.flatMap(\.rules).compactMap { [runbooks] rule in
        guard case .alerting(let alert) = rule.kind, runbooks[alert.name] == nil else { return nil }
        return ConfigurationProblem(
          file: rule.file, line: rule.line, key: alert.name, message: "has no runbook \(alert.name).md")
      }
    guard problems.isEmpty else { throw ConfigurationProblems(problems: problems) }
  }

  /// That clients refuse the certificate at this time, or will within two weeks; nil while it is good. No reason not to
  /// start: the ops listener, which stops trading, works without it.
  package func certificateWarning(at now: WallTime) -> ConfigurationProblem? {
    guard let tls, let tlsFiles else { return nil }
    return TLSMaterial.expiry(of: tls, tlsFiles, at: now)
  }

  // MARK: Rules

  static func rules(_ patterns: [String], _ problems: inout [ConfigurationProblem]) -> [RuleGroup] {
    let files: [(name: String, bytes: [UInt8])] =
      patterns.isEmpty
      ? EmbeddedFiles.folder("alerts").filter { $0.name.hasSuffix(".yml") }.map { ("alerts/" + $0.name, $0.bytes) }
      : patterns.flatMap { matches($0, &problems) }
    var groups: [RuleGroup] = []
    for file in files {
      do throws(RuleFileProblem) {
        groups += try RuleFile.parse(String(decoding: file.bytes, as: UTF8.self), file: file.name)
      } catch {
        problems.append(
          ConfigurationProblem(
            file: error.file, line: error.line, key: "", message: "column \(error.column): \(error.message)"))
      }
    }
    return groups
  }

  /// Files a pattern names; `*` stands for any run of characters within the last part.
  static func names(_ pattern: String) -> [String] {
    let folder = pattern.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
    let last = pattern.split(separator: "/").last.map(String.init) ?? ""
    guard last.contains("*") else { return [pattern] }
    let parts = last.split(separator: "*", omittingEmptySubsequences: false)
    let all = (try? FileManager.default.contentsOfDirectory(atPath: folder.isEmpty ? "." : folder)) ?? []
    return all.filter {
      $0.hasPrefix(parts[0]) && $0.hasSuffix(parts[parts.count - 1]) && $0.utf8.count >= last.utf8.count - 1
    }
    .sorted().map { folder.isEmpty ? $0 : "\(folder)/\($0)" }
  }

  private static func matches(
    _ pattern: String, _ problems: inout [ConfigurationProblem]
  ) -> [(name: String, bytes: [UInt8])] {
    let names = names(pattern)
    if names.isEmpty {
      problems.append(
        ConfigurationProblem(
          file: "configuration", line: nil, key: "alerting.rules", message: "\(pattern) matches no file"))
    }
    return names.compactMap { name in
      guard let data = FileManager.default.contents(atPath: name) else {
        problems.append(
          ConfigurationProblem(file: name, line: nil, key: "alerting.rules", message: "the rule file cannot be read"))
        return nil
      }
      return (name, [UInt8](data))
    }
  }

  private static func runbooks(_ folder: String?, _ problems: inout [ConfigurationProblem]) -> [String: String] {
    var files = EmbeddedFiles.folder("runbooks")
    if let folder {
      let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
      if names.isEmpty {
        problems.append(
          ConfigurationProblem(
            file: folder, line: nil, key: "alerting.runbooks", message: "the folder cannot be read or is empty"))
      }
      files = names.compactMap { name in
        FileManager.default.contents(atPath: "\(folder)/\(name)").map { (name, [UInt8]($0)) }
      }
    }
    return Dictionary(
      files.filter { $0.name.hasSuffix(".md") }.map {
        (String($0.name.dropLast(3)), String(decoding: $0.bytes, as: UTF8.self))
      },
      uniquingKeysWith: { first, _ in first })
  }

  // MARK: Bars

  private static func bars(_ replay: String?, _ problems: inout [ConfigurationProblem]) -> [Symbol: [Bar]] {
    var files = EmbeddedFiles.folder("bars").map { (name: $0.name, path: "bars/\($0.name)", bytes: $0.bytes) }
    if let replay {
      var isFolder: ObjCBool = false
      guard FileManager.default.fileExists(atPath: replay, isDirectory: &isFolder) else {
        problems.append(
          ConfigurationProblem(file: replay, line: nil, key: "runtime.marketData.replay", message: "does not exist"))
        return [:]
      }
      let names =
        isFolder.boolValue ? ((try? FileManager.default.contentsOfDirectory(atPath: replay)) ?? []).sorted() : [""]
      files = names.filter { $0.isEmpty || $0.hasSuffix(".csv") }.compactMap { name in
        let path = name.isEmpty ? replay : "\(replay)/\(name)"
        return FileManager.default.contents(atPath: path).map {
          (String(path.split(separator: "/").last ?? ""), path, [UInt8]($0))
        }
      }
    }
    var series: [Symbol: [Bar]] = [:]
    for file in files where file.name.hasSuffix(".csv") {
      guard let symbol = Symbol(file.name.dropLast(4)) else {
        problems.append(
          ConfigurationProblem(
            file: file.path, line: nil, key: "", message: "is not named after a ticker, e.g. AAPL.csv"))
        continue
      }
      do throws(BarFileError) {
        // Recorded prices are as traded; a split would look like a crash.
        series[symbol] = SplitAdjustment.adjusted(try BarFile.parse(file.bytes)).bars
      } catch {
        problems.append(ConfigurationProblem(file: file.path, line: error.line, key: "", message: error.description))
      }
    }
    return series
  }
}
