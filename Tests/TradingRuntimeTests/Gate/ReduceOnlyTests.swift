import BreakwaterTesting
import ControlModel
import Strategy
import Testing
import TradingRuntime
import Venues

/// P6: under reduceOnly no position grows or changes sides, whichever of the admitted orders fill, in part or whole, in any
/// order, while others are being submitted. An independent model of the book says what may be admitted.
@Suite struct `Reduce-only` {
  /// What the venue knows: the model's whole truth.
  private struct Model {
    var position: Int64 = 0
    /// What is left of each closing order.
    var leaves: [OrderID: Int64] = [:]

    var free: Int64 { max(0, abs(position) - leaves.values.reduce(0, +)) }

    mutating func fill(_ id: OrderID, _ units: Int64) {
      leaves[id] = (leaves[id] ?? 0) - units
      if leaves[id] == 0 { leaves[id] = nil }
      position += position > 0 ? -units : units
    }
  }

  private static let unit: Int64 = 100_000_000

  @Test(arguments: 0..<24 as Range<UInt64>)
  func `admits exactly what the model has free, and never grows or flips`(seed: UInt64) async throws {
    var random = SeededRandom(seed)
    let isShort = random.chance(50)
    var limits = ProfileLimits()
    limits.openOrdersMax = 1_000
    let bench = try await Bench.started([Named.profile(allowsShort: true, limits: limits)])
    var model = Model(position: (isShort ? -1 : 1) * Int64.random(in: 5...40, using: &random))
    try await open(bench, model.position)
    bench.publish(Sample.control(level: .reduceOnly, cancel: .none))
    let start = model.position
    var admitted = 0
    for step in 0..<40 {
      switch Int.random(in: 0..<10, using: &random) {
      case 0..<6:
        let side: OrderSide = random.chance(80) ? (isShort ? .buy : .sell) : (isShort ? .sell : .buy)
        let units = Int64.random(in: 1...12, using: &random)
        let draft = try bench.draft(side, "\(units)", .limit(Price("100")), key: "s\(step)")
        let refusal = await bench.refusal(draft)
        let mayPass = side == (isShort ? .buy : .sell) && model.position != 0 && units <= model.free
        #expect((refusal == nil) == mayPass, "seed \(seed), step \(step): \(refusal?.detail ?? "admitted")")
        if refusal == nil {
          admitted += 1
          model.leaves[draft.id] = units
          try await bench.reaches(.working, draft.id)
        }
      case 6..<9:
        guard let (id, left) = model.leaves.randomElement(using: &random) else { continue }
        let units = Int64.random(in: 1...left, using: &random)
        try bench.venue.fill(id, Quantity(mantissa: units * Self.unit), at: Price("100"), execution: "x\(step)")
        model.fill(id, units)
        let expected = Quantity(mantissa: model.position * Self.unit)
        #expect(await eventually { bench.position() == expected }, "seed \(seed), step \(step)")
      default:
        guard let id = model.leaves.keys.randomElement(using: &random) else { continue }
        _ = try? await bench.runtime.cancel(id)
        try await bench.reaches(.canceled, id)
        model.leaves[id] = nil
      }
      #expect(abs(model.position) <= abs(start) && (model.position == 0 || (model.position > 0) == (start > 0)))
    }
    // Whatever is left fills whole, last: even then the position ends at zero or before it.
    for (id, left) in model.leaves {
      try bench.venue.fill(id, Quantity(mantissa: left * Self.unit), at: Price("100"), execution: "end-\(id)")
    }
    let end = model.leaves.values.reduce(abs(model.position)) { $0 - $1 }
    #expect(end >= 0, "seed \(seed)")
    #expect(await eventually { (try? bench.position().absolute().mantissa) == end * Self.unit })
    #expect(admitted > 0, "seed \(seed) tried nothing")
  }

  @Test(arguments: 0..<6 as Range<UInt64>)
  func `holds while ten submit at once and fills cross them`(seed: UInt64) async throws {
    var random = SeededRandom(seed)
    let bench = try await Bench.started()
    try await bench.bought("20")
    bench.publish(Sample.control(level: .reduceOnly))
    let sizes = (0..<10).map { _ in Int.random(in: 1...8, using: &random) }
    await withTaskGroup(of: Void.self) { group in
      for (number, size) in sizes.enumerated() {
        group.addTask {
          guard let draft = try? bench.draft(.sell, "\(size)", key: "c\(number)") else { return }
          guard (try? await bench.runtime.submit(draft)) != nil else { return }
          let execution = "x\(number)"
          if number.isMultiple(of: 2), let price = try? Price("99"), let size = try? Quantity("\(size)") {
            try? bench.venue.fill(draft.id, size, at: price, execution: execution)
          }
        }
      }
    }
    let sold = bench.venue.arrivals.compactMap { bench.venue.report($0)?.order }.filter { $0.side == .sell }
    let total = try sold.reduce(Quantity.zero) { try $0 + $1.quantity }
    #expect(total <= (try Quantity("20")), "seed \(seed): all of them together cannot flip the position")
    #expect(!sold.isEmpty)
  }

  private func open(_ bench: Bench, _ units: Int64) async throws {
    let id = try await bench.working(units > 0 ? .buy : .sell, "\(abs(units))", key: "open")
    try bench.venue.fill(id, Quantity(mantissa: abs(units) * Self.unit), at: Price("100"), execution: "open")
    try await bench.reaches(.filled, id)
    let expected = Quantity(mantissa: units * Self.unit)
    #expect(await eventually { bench.position() == expected })
  }
}
