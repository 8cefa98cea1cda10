import BreakwaterTesting
import Foundation
import Telemetry
import Testing

/// The page of metrics, Prometheus' text format 0.0.4.
@Suite struct `The metrics page` {
  /// Texts that could break a line, a quotation or a parser.
  private static let nasty = [
    "", "plain", "a\"b", "back\\slash", "line\nfeed", "\\n", "cr\r\nlf", "é ü 漢字 🙂", "{a=\"b\"} 1", "# HELP x",
    "e\u{301}\"\u{301}",
    "\u{0}\u{1}\u{7f}",
  ]

  private func page(_ registry: MetricRegistry) -> String { String(decoding: registry.exposition(), as: UTF8.self) }

  private func set(_ definition: MetricDefinition, _ v: String, in registry: MetricRegistry) {
    let family = registry.family(definition)
    switch (definition.kind, definition.labels.count) {
    case (.counter, 0): family.counter().increment(by: 3)
    case (.counter, 1): family.counter(v).increment(by: 3)
    case (.counter, 2): family.counter(v, v).increment(by: 3)
    case (.counter, 3): family.counter(v, v, v).increment(by: 3)
    case (.counter, _): family.counter(v, v, v, v).increment(by: 3)
    case (.gauge, 0): family.gauge().set(-2.5)
    case (.gauge, 1): family.gauge(v).set(-2.5)
    case (.gauge, _): family.gauge(v, v).set(-2.5)
    case (.histogram, 0): family.histogram().observe(5_000_000)
    case (.histogram, 1): family.histogram(v).observe(5_000_000)
    case (.histogram, 2): family.histogram(v, v).observe(5_000_000)
    case (.histogram, _): family.histogram(v, v, v).observe(5_000_000)
    }
  }

  @Test(.enabled(if: Promtool.isInstalled, "promtool is not installed"))
  func `passes Prometheus' own check with every metric and the worst of label values`() throws {
    let registry = MetricRegistry()
    for definition in MetricCatalog.all {
      for value in Self.nasty { set(definition, value, in: registry) }
    }
    let folder = try TemporaryFolder()
    let verdict = try Promtool.run("check", "metrics", input: registry.exposition(), in: folder)
    #expect(verdict.isFine, "\(verdict.output)")
    #expect(verdict.output.isEmpty, "\(verdict.output)")
  }

  @Test(.enabled(if: Promtool.isInstalled, "promtool is not installed"))
  func `would fail that check with one unescaped quotation mark`() throws {
    let folder = try TemporaryFolder()
    let verdict = try Promtool.run(
      "check", "metrics", input: Array("# HELP a A.\n# TYPE a gauge\na{b=\"\"c\"} 1\n".utf8), in: folder)
    #expect(!verdict.isFine)
  }

  @Test func `escapes label values and help, byte by byte`() {
    let registry = MetricRegistry()
    let definition = MetricDefinition("g", .gauge, "Says \"so\"\nand C:\\.", labels: ["l": 5])
    registry.family(definition).gauge("a\"b\\c\nd\r\n\u{301}").set(1)
    #expect(
      page(registry) == """
        # HELP g Says "so"\\nand C:\\\\.
        # TYPE g gauge
        g{l="a\\"b\\\\c\\nd\r\\n\u{301}"} 1

        """)
  }

  @Test func `is sorted, so that two scrapes compare`() {
    let (a, b) = (MetricRegistry(), MetricRegistry())
    let definitions = ["zeta", "alpha"].map { MetricDefinition($0, .gauge, "It.", labels: ["l": 5]) }
    for (definition, value) in [(0, "y"), (0, "x"), (1, "q")] { a.family(definitions[definition]).gauge(value).set(1) }
    for (definition, value) in [(1, "q"), (0, "x"), (0, "y")] { b.family(definitions[definition]).gauge(value).set(1) }
    #expect(page(a) == page(b))
    #expect(page(a).contains("alpha{l=\"q\"} 1\n# HELP zeta"))
  }

  @Test func `leaves out a metric that has no series yet`() {
    let registry = MetricRegistry()
    _ = registry.family(MetricDefinition("empty", .gauge, "It.", labels: ["l": 5]))
    #expect(page(registry).isEmpty)
  }

  @Test func `shows a histogram as rising buckets, a sum in seconds and a count equal to the last bucket`() {
    let registry = MetricRegistry()
    let definition = MetricDefinition("h_seconds", .histogram(bounds: [0.5, 1, 2.5]), "It.")
    for milliseconds in [500, 501, 1000, 2500, 2501, 60_000] {
      registry.histogram(definition).observe(milliseconds * 1_000_000)
    }
    #expect(
      page(registry).split(separator: "\n").dropFirst(2) == [
        "h_seconds_bucket{le=\"0.5\"} 1", "h_seconds_bucket{le=\"1\"} 3", "h_seconds_bucket{le=\"2.5\"} 4",
        "h_seconds_bucket{le=\"+Inf\"} 6", "h_seconds_sum 67.002", "h_seconds_count 6",
      ])
  }

  @Test(
    arguments: [
      (0, "0"), (-0.0, "0"), (1, "1"), (-1.5, "-1.5"), (.nan, "NaN"), (.infinity, "+Inf"), (-.infinity, "-Inf"),
      (1e21, "1e+21"), (123_456_789_012, "123456789012"), (0.1, "0.1"), (.leastNonzeroMagnitude, "5e-324"),
    ] as [(Double, String)])
  func `writes numbers as Prometheus reads them`(value: Double, text: String) {
    #expect(MetricRegistry.number(value) == text)
  }

  @Test func `brings gauges that are read up to date first`() {
    let registry = MetricRegistry()
    let gauge = registry.gauge(MetricDefinition("read", .gauge, "It."))
    registry.onCollect { gauge.add(1) }
    #expect(page(registry).contains("read 1\n"))
    #expect(page(registry).contains("read 2\n"))
  }
}
