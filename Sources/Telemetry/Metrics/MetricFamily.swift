import Synchronization

/// All children of one metric: one instrument per combination of label values.
///
/// Finding a child locks and hashes (about 50–100 ns); the request path keeps the instrument it found.
package final class MetricFamily: Sendable {
  package let definition: MetricDefinition

  enum Instrument: Sendable {
    case counter(Counter)
    case gauge(Gauge)
    case histogram(Histogram)

    /// Appends the current values, one per series.
    func read(into values: inout [Double]) {
      switch self {
      case .counter(let counter): values.append(counter.value)
      case .gauge(let gauge): values.append(gauge.value)
      case .histogram(let histogram): histogram.read(into: &values)
      }
    }

    /// Changes the digest when a value has changed.
    func mix(into digest: inout UInt64) {
      switch self {
      case .counter(let counter): digest.mix(counter.value.bitPattern)
      case .gauge(let gauge): digest.mix(gauge.value.bitPattern)
      case .histogram(let histogram): histogram.mix(into: &digest)
      }
    }

    var seriesCount: Int {
      if case .histogram(let histogram) = self { histogram.seriesCount } else { 1 }
    }
  }

  struct Child: Sendable {
    let values: [String]
    let instrument: Instrument
  }

  private struct State {
    var children: [Child] = []
    var index: [[String]: Int] = [:]
    /// Distinct values seen per label position, bounded by the label's cap.
    var seen: [Set<String>]
  }

  private let state: Mutex<State>
  private let budget: SeriesBudget
  private let overflowed: @Sendable (_ metric: String, _ label: String) -> Void

  init(
    _ definition: MetricDefinition, budget: SeriesBudget, overflowed: @escaping @Sendable (String, String) -> Void
  ) {
    self.definition = definition
    self.budget = budget
    self.overflowed = overflowed
    state = Mutex(State(seen: Array(repeating: [], count: definition.labels.count)))
  }

  /// The counter with these label values, made on first use. Precondition: the metric is a counter with as many labels.
  package func counter(_ values: String...) -> Counter {
    guard case .counter(let counter) = child(values) else { preconditionFailure("\(definition.name) is not a counter") }
    return counter
  }

  /// As `counter(_:)`, for a gauge.
  package func gauge(_ values: String...) -> Gauge {
    guard case .gauge(let gauge) = child(values) else { preconditionFailure("\(definition.name) is not a gauge") }
    return gauge
  }

  /// As `counter(_:)`, for a histogram.
  package func histogram(_ values: String...) -> Histogram {
    guard case .histogram(let it) = child(values) else { preconditionFailure("\(definition.name) is not a histogram") }
    return it
  }

  /// Sets every existing child to `value`; a state gauge clears its old labels with it before setting the current ones.
  package func setAll(_ value: Double) {
    for child in children() {
      if case .gauge(let gauge) = child.instrument { gauge.set(value) }
    }
  }

  /// Sets the gauges with these label values, and every other child to 0, each once: a scrape in between never sees a
  /// gauge that falls to 0 only to rise again.
  package func set(_ current: [[String]: Double]) {
    for child in children() where current[child.values] == nil {
      if case .gauge(let gauge) = child.instrument { gauge.set(0) }
    }
    for (values, value) in current {
      guard case .gauge(let gauge) = child(values) else { preconditionFailure("\(definition.name) is not a gauge") }
      gauge.set(value)
    }
  }

  func children() -> [Child] { state.withLock { $0.children } }

  private func child(_ values: [String]) -> Instrument {
    precondition(
      values.count == definition.labels.count,
      "\(definition.name) has labels \(definition.labels.map(\.name)), got \(values.count) values")
    let (instrument, folded) = state.withLock { state -> (Instrument, [String]) in
      if let index = state.index[values] { return (state.children[index].instrument, []) }
      var (kept, folded) = fold(values, &state)
      if let index = state.index[kept] { return (state.children[index].instrument, folded) }
      let made = makeInstrument()
      if !values.isEmpty, !budget.take(made.seriesCount) {
        kept = Array(repeating: MetricDefinition.overflowValue, count: values.count)
        folded = definition.labels.map(\.name)
        if let index = state.index[kept] { return (state.children[index].instrument, folded) }
      }
      state.index[kept] = state.children.count
      state.children.append(Child(values: kept, instrument: made))
      return (made, folded)
    }
    for label in folded { overflowed(definition.name, label) }
    return instrument
  }

  /// Replaces values past their label's cap, or longer than one may be, and names the labels it happened to.
  private func fold(_ values: [String], _ state: inout State) -> (kept: [String], folded: [String]) {
    var kept = values
    var folded: [String] = []
    for (position, label) in definition.labels.enumerated() where !state.seen[position].contains(values[position]) {
      let isShort = values[position].utf8.count <= MetricDefinition.labelValueBytesMax
      if isShort, state.seen[position].count < label.cap {
        state.seen[position].insert(values[position])
      } else {
        kept[position] = MetricDefinition.overflowValue
        folded.append(label.name)
      }
    }
    return (kept, folded)
  }

  private func makeInstrument() -> Instrument {
    let isSeconds = definition.name.hasSuffix("_seconds") || definition.name.hasSuffix("_seconds_total")
    let unitsPerBase = isSeconds ? 1e9 : 1
    switch definition.kind {
    case .counter: return .counter(Counter(unitsPerBase: unitsPerBase))
    case .gauge: return .gauge(Gauge())
    case .histogram(let bounds): return .histogram(Histogram(bounds: bounds, unitsPerBase: unitsPerBase))
    }
  }
}

/// How many series all families of a registry may still have: caps multiply, and a product of caps is no bound.
final class SeriesBudget: Sendable {
  private let left: Atomic<Int>

  init(_ series: Int) {
    left = Atomic(series)
  }

  /// False when there is not room for `count` more.
  func take(_ count: Int) -> Bool {
    if left.subtract(count, ordering: .relaxed).newValue >= 0 { return true }
    left.add(count, ordering: .relaxed)
    return false
  }
}

extension UInt64 {
  /// One round of FNV-1a, eight bytes at once.
  mutating func mix(_ value: UInt64) { self = (self ^ value) &* 0x0000_0100_0000_01b3 }
}
