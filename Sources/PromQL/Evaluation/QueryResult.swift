/// What an instant query yields.
package enum QueryResult: Equatable, Sendable {
  case scalar(Double)
  case string(String)
  case vector([LabeledValue])
  case matrix([SampledSeries])
}

/// One sample of an instant vector; its time is the time of the query.
package struct LabeledValue: Equatable, Sendable {
  package let labels: Labels
  package let value: Double
}

/// Samples of one series, in order of time.
package struct SampledSeries: Equatable, Sendable {
  package let labels: Labels
  package let samples: [Sample]
}
