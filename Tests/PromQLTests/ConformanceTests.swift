import Testing

@testable import PromQL

/// Prometheus' own scripts, and ours for what 3.x changed, decide what a query means.
struct ConformanceTests {
  @Test(arguments: [
    ("aggregators", 83), ("at_modifier", 33), ("collision", 2), ("functions", 207), ("histograms", 38),
    ("literals", 20), ("operators", 94), ("selectors", 31), ("staleness", 14), ("subquery", 25), ("trig_functions", 19),
  ])
  func `evaluates as Prometheus 2.42 does: alone, in a range, and pinned to a time`(file: String, count: Int) throws {
    var runner = ScriptRunner(.v2_42)
    runner.run(try Fixture.script("promql/\(file).test"))
    #expect(runner.failures == [])
    #expect(runner.evaluations == count)
    #expect(runner.checks > count)
  }

  @Test func `evaluates as Prometheus 3 does where it differs from 2`() throws {
    var runner = ScriptRunner(.v3)
    runner.run(try Fixture.script("semantics-3x.test"))
    #expect(runner.failures == [])
    #expect(runner.evaluations == 38)
  }

  @Test func `the runner itself notices a wrong expectation`() throws {
    var runner = ScriptRunner(.v3)
    runner.run(try Script("load 1m\n  a 1 2\n\neval instant at 1m a\n  a 3\n\neval instant at 1m a\n  b 2\n"))
    #expect(runner.evaluations == 2)
    #expect(runner.failures.count == runner.checks)
  }
}
