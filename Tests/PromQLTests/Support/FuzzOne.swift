@testable import PromQL

/// One fuzz run: reads arbitrary bytes as a query and, if they are one, checks what must hold for every query.
///
/// A crash, a hang or a returned complaint is a bug. A long-running fuzz target calls this with whatever it makes up.
enum FuzzOne {
  /// - Returns: what is wrong, `nil` if nothing is.
  static func run(_ bytes: some Collection<UInt8>) -> String? {
    let text = String(decoding: bytes, as: UTF8.self)
    guard let expression = try? Expression(text) else { return nil }
    let printed = expression.description
    guard let again = try? Expression(printed) else { return "\(text) printed as \(printed) cannot be read" }
    guard again == expression else { return "\(text) printed as \(printed) reads as another query" }
    guard again.description == printed else { return "\(printed) is printed as \(again.description)" }
    return evaluate(expression)
  }

  private static func evaluate(_ expression: Expression) -> String? {
    var options = Engine.Options()
    options.samplesMax = 50_000
    let engine = Engine(options)
    for time in [0, 300_000] as [Int64] {
      guard case .vector(let samples) = try? engine.instant(expression, at: time, in: store) else { continue }
      if Set(samples.map(\.labels)).count < samples.count { return "\(expression) yields a series twice" }
      // An instant query is a range query of one step.
      guard let series = try? engine.range(expression, over: time...time, stepMilliseconds: 1000, in: store) else {
        continue
      }
      if Set(series.map(\.labels)) != Set(samples.map(\.labels)), !dependsOnStep(expression) {
        return "\(expression) yields other series as a range query"
      }
    }
    return nil
  }

  /// Whether the step of the query is part of it.
  private static func dependsOnStep(_ expression: Expression) -> Bool {
    expression.description.contains("step()")
  }

  private static let store: TestStore = {
    let series = [
      "up{job='a'} 1x10", "up{job='b'} 0 1 0 stale 1 NaN Inf", "requests_total{code='500'} 0+3x10",
      "g{job='a',tenant='t'} -1+0.5x10", "latency_bucket{le='1'} 1x5", "latency_bucket{le='+Inf'} 2x5",
    ]
    return (try? TestStore(series, every: 30_000)) ?? TestStore()
  }()
}
