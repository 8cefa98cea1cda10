import Synchronization
import Threads

/// Every metric of the process. Families come from `MetricCatalog`; the same instruments feed `/metrics` and the
/// embedded metric store, so the two cannot disagree.
package final class MetricRegistry: Sendable {
  private struct State {
    var families: [MetricFamily] = []
    var byName: [String: MetricFamily] = [:]
    var collectors: [@Sendable () -> Void] = []
  }

  /// Most series of all families together, as many as the metric store keeps. A further child is folded into `_other`
  /// on every label.
  package static let seriesMax = 50_000

  private let state = Mutex(State())
  private let budget: SeriesBudget
  private let overflow: MetricFamily

  /// - Parameter seriesMax: lower than the default in tests.
  package init(seriesMax: Int = MetricRegistry.seriesMax) {
    budget = SeriesBudget(seriesMax)
    overflow = MetricFamily(MetricCatalog.labelOverflow, budget: budget, overflowed: { _, _ in })
    state.withLock {
      $0.families = [overflow]
      $0.byName = [overflow.definition.name: overflow]
    }
  }

  /// The family of `definition`, made on first use.
  package func family(_ definition: MetricDefinition) -> MetricFamily {
    state.withLock { state in
      if let family = state.byName[definition.name] { return family }
      let family = MetricFamily(definition, budget: budget) { [overflow] metric, label in
        overflow.counter(metric, label).increment()
      }
      state.byName[definition.name] = family
      state.families.append(family)
      return family
    }
  }

  package func counter(_ definition: MetricDefinition) -> Counter { family(definition).counter() }
  package func gauge(_ definition: MetricDefinition) -> Gauge { family(definition).gauge() }
  package func histogram(_ definition: MetricDefinition) -> Histogram { family(definition).histogram() }

  /// Runs `collect` before every exposition and sample, to bring gauges that are read rather than pushed up to date.
  /// It must not block and must not touch the registry's set of collectors.
  package func onCollect(_ collect: @escaping @Sendable () -> Void) {
    state.withLock { $0.collectors.append(collect) }
  }

  /// All families as they are, in the order they were made.
  func families() -> [MetricFamily] { state.withLock { $0.families } }

  /// Brings collected gauges up to date and returns all families, in the order they were made.
  func collected() -> [MetricFamily] {
    let collectors = state.withLock { $0.collectors }
    for collect in collectors {
      collect()
      ThreadSchedule.giveWay()
    }
    return families()
  }
}
