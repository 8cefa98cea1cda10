import Testing

@testable import Telemetry

/// What was quiet and moves is noticed between samples.
@Suite struct `The vigil` {
  private let registry = MetricRegistry()

  @Test func `notices a quiet metric that moves, once`() {
    let gauge = registry.gauge(MetricCatalog.controlHaltActive)
    var vigil = MetricVigil(registry)
    vigil.watch([MetricCatalog.controlHaltActive.name])
    #expect(vigil.look() == [])
    gauge.set(1)
    #expect(vigil.look() == [MetricCatalog.controlHaltActive.name])
    #expect(vigil.look() == [])
  }

  @Test func `leaves a metric that moves all the time to the samples, until it is quiet again`() {
    let counter = registry.counter(MetricCatalog.tsdbSamples)
    var vigil = MetricVigil(registry)
    vigil.watch([MetricCatalog.tsdbSamples.name])
    _ = vigil.look()
    counter.increment()
    #expect(!vigil.look().isEmpty)
    for _ in 0..<50 {
      counter.increment()
      #expect(vigil.look().isEmpty)
    }
    for _ in 0..<MetricVigil.quietLooks { #expect(vigil.look().isEmpty) }
    counter.increment()
    #expect(!vigil.look().isEmpty)
  }

  @Test func `does not look at what no rule reads, and knows a histogram by its series`() {
    let histogram = registry.histogram(MetricCatalog.gatewayOverhead)
    let gauge = registry.gauge(MetricCatalog.controlHaltActive)
    var vigil = MetricVigil(registry)
    vigil.watch(["\(MetricCatalog.gatewayOverhead.name)_bucket"])
    _ = vigil.look()
    histogram.observe(1)
    gauge.set(1)
    #expect(vigil.look() == [MetricCatalog.gatewayOverhead.name])
  }
}
