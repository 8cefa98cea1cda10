/// Rule c: enter beside a level the market respected before, with room to the next one on the other side.
package enum ZoneRule {
  /// What a profile may set. Bounds stand at each parameter; values within them are all that exists.
  package struct Parameters: Hashable, Sendable {
    package private(set) var shape = ZoneShape.standard
    /// 1...10: fewer turning points do not make a zone.
    package private(set) var touchesMin = 2
    /// 0.05...10, multiples of ATR14 from the zone's edge to the close.
    package private(set) var distanceMaxATR = 1.0
    /// 0...10, multiples of the stop distance from the close to the next opposing zone.
    package private(set) var roomMinStops = 1.5

    /// The defaults.
    package init() {}

    /// - Throws: naming the first parameter outside the bounds written at it.
    package init(
      shape: ZoneShape, touchesMin: Int, distanceMaxATR: Double, roomMinStops: Double
    ) throws(ParameterError) {
      self.shape = shape
      self.touchesMin = try touchesMin.checked("zone.touchesMin", 1...10)
      self.distanceMaxATR = try distanceMaxATR.checked("zone.distanceMaxATR", 0.05...10)
      self.roomMinStops = try roomMinStops.checked("zone.roomMinStops", 0...10)
    }

    var text: String {
      "zone(pivotSpan=\(shape.pivotSpan),windowBars=\(shape.windowBars),mergeATR=\(shape.mergeATR),"
        + "widthMinATR=\(shape.widthMinATR),touchesMin=\(touchesMin),distanceMaxATR=\(distanceMaxATR),"
        + "roomMinStops=\(roomMinStops))"
    }
  }

  /// Judges `context` in the direction of `findings`; pure.
  package static func evaluate(
    _ context: RuleContext, _ findings: Findings, _ parameters: Parameters
  ) -> RuleResult {
    if let code = context.unreadiness { return .notReady(.zone, code) }
    guard let direction = findings.direction else { return .skipped(.zone, .noDirection) }
    guard let reading = findings.zone, let atr = context.market.atr, atr > 0, let stop = findings.stop else {
      return .notReady(.zone, .warmUp)
    }
    guard let zone = reading.zone else {
      return .fail(.zone, .noZone, direction, RuleValues(.init(.roomATR, reading.room / atr)))
    }
    let values = RuleValues(
      .init(.zoneLow, zone.low), .init(.zoneHigh, zone.high), .init(.distanceATR, reading.distance / atr),
      .init(.roomATR, reading.room / atr), .init(.touches, Double(zone.touches)),
      .init(.weightedTouches, zone.weightedTouches))
    guard reading.distance <= reading.reach else { return .fail(.zone, .farFromZone, direction, values) }
    guard reading.room >= parameters.roomMinStops * stop.distance.double else {
      return .fail(.zone, .noRoom, direction, values)
    }
    let nearness = 1 - reading.distance / reading.reach
    return .pass(.zone, direction, score: nearness * min(1, zone.weightedTouches / 3), values)
  }
}

/// Where the close stands between the zones.
package struct ZoneReading: Equatable, Sendable {
  /// The nearest zone behind the trade: support for a long, resistance for a short. nil when there is none.
  package let zone: Zone?
  /// From its edge to the close; 0 inside.
  package let distance: Double
  /// From the close to the nearest zone ahead; infinite when there is none.
  package let room: Double
  /// The greatest distance that still counts as near.
  package let reach: Double

  /// A zone no price is far from: what a rule says here, it says of no zone more leniently.
  static let everywhere = ZoneReading(
    zone: Zone(low: -.infinity, high: .infinity, touches: 0, weightedTouches: 0), distance: 0, room: .infinity,
    reach: .infinity)
}

extension ZoneRule {
  /// nil while the market has no ATR or does not keep zones of this shape.
  ///
  /// A function rather than an initializer: initializers own their arguments, which would copy the indicators.
  static func read(_ market: SymbolIndicators, _ direction: Direction, _ parameters: Parameters) -> ZoneReading? {
    guard let atr = market.atr, let close = market.lastBar?.close, let zones = market.zones(parameters.shape) else {
      return nil
    }
    var behind: Zone?
    var distance = Double.infinity
    var room = Double.infinity
    for zone in zones where zone.touches >= parameters.touchesMin {
      let (near, far) = direction == .long ? (zone.high, zone.low) : (zone.low, zone.high)
      // A zone is ahead only when the close has not entered it; one the close is in stands behind the trade.
      let ahead = (far - close) * direction.sign
      if ahead > 0 {
        room = min(room, ahead)
        continue
      }
      let gap = max(0, (close - near) * direction.sign)
      if gap < distance { (behind, distance) = (zone, gap) }
    }
    return ZoneReading(zone: behind, distance: distance, room: room, reach: parameters.distanceMaxATR * atr)
  }
}
