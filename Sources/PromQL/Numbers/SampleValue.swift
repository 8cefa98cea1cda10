// public: the store writes and recognises the stale marker per sample.

/// Values with a meaning beyond the number.
public enum SampleValue {
  /// The NaN that marks the end of a series (Prometheus' StaleNaN). It is a signalling NaN, which no arithmetic
  /// produces, so it can also stand for "no sample here" inside the engine.
  public static let staleMarkerBits: UInt64 = 0x7ff0_0000_0000_0002

  @inlinable
  public static var staleMarker: Double { Double(bitPattern: staleMarkerBits) }

  @inlinable
  public static func isStaleMarker(_ value: Double) -> Bool {
    value.bitPattern == staleMarkerBits
  }
}

extension Double {
  /// A cell of a result without a sample. The selectors drop stale markers, so the pattern is free to mean this.
  static var absent: Double { Double(bitPattern: SampleValue.staleMarkerBits) }

  @inline(__always)
  var isAbsent: Bool { bitPattern == SampleValue.staleMarkerBits }
}
