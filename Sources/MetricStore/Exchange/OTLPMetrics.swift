/// Metrics as OTLP tells them (https://opentelemetry.io/docs/specs/otlp/), read from protobuf or JSON.
struct OTLPMetrics {
  struct Resource {
    var attributes: [(name: String, value: String)] = []
    var metrics: [Metric] = []
  }

  struct Metric {
    enum Kind: Equatable {
      case gauge
      case sum(isMonotonic: Bool)
      case histogram
      case summary
      /// Exponential histograms, which have no place here.
      case exponential
    }

    var name = ""
    var unit = ""
    var help = ""
    var kind = Kind.gauge
    /// Counted from the last report instead of from the start.
    var isDelta = false
    var points: [Point] = []
  }

  struct Point {
    var attributes: [(name: String, value: String)] = []
    /// Nanoseconds since 1970, 0 when unknown.
    var start: UInt64 = 0
    var time: UInt64 = 0
    var value = 0.0
    var count: UInt64 = 0
    var sum: Double?
    var bounds: [Double] = []
    var bucketCounts: [UInt64] = []
    var quantiles: [(quantile: Double, value: Double)] = []
    /// The sender says there is no value: the series ends.
    var isStale = false
    var exemplars: [Exemplar] = []
  }

  struct Exemplar {
    var time: UInt64 = 0
    var value = 0.0
    /// Hex.
    var traceID = ""
    var spanID = ""
    var attributes: [(name: String, value: String)] = []
  }

  var resources: [Resource] = []

  /// Deepest nesting of attribute values; deeper ones are left out.
  static let depthMax = 8
}
