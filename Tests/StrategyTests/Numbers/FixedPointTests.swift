import Foundation
import Testing

@testable import Strategy

/// Exact numbers, checked against Foundation's 38-digit `Decimal`.
@Suite struct `Exact numbers` {
  /// Mantissas of every magnitude, both signs, with the edges well represented.
  private func mantissa(_ random: inout SeededRandom) -> Int64 {
    switch Int.random(in: 0..<8, using: &random) {
    case 0:
      return [0, 1, -1, .max, .min, .max - 1, .min + 1, 5, 100_000_000, 1_000_000_000].randomElement(using: &random)!
    default: return Int64(truncatingIfNeeded: random.next()) >> Int64.random(in: 0..<63, using: &random)
    }
  }

  private func decimal(_ mantissa: Int64, _ decimals: Int) -> Decimal {
    Decimal(mantissa) * Decimal(sign: .plus, exponent: -decimals, significand: 1)
  }

  private func bankers(_ value: Decimal, scale: Int) -> Decimal {
    var value = value
    var rounded = Decimal()
    NSDecimalRound(&rounded, &value, scale, .bankers)
    return rounded
  }

  private func fits(_ value: Decimal, _ decimals: Int) -> Bool {
    let units = value * Decimal(sign: .plus, exponent: decimals, significand: 1)
    return units <= Decimal(Int64.max) && units >= Decimal(Int64.min)
  }

  @Test(arguments: [1, 2, 3] as [UInt64])
  func `price times quantity is the exact product rounded half-even once`(_ seed: UInt64) throws {
    var random = SeededRandom(seed)
    var refused = 0
    for _ in 0..<10_000 {
      let (price, quantity) = (Price(mantissa: mantissa(&random)), Quantity(mantissa: mantissa(&random)))
      let expected = bankers(decimal(price.mantissa, 8) * decimal(quantity.mantissa, 9), scale: 8)
      if fits(expected, 8) {
        #expect(try decimal(price.notional(of: quantity).mantissa, 8) == expected, "\(price) × \(quantity)")
      } else {
        refused += 1
        #expect(throws: NumberError.overflow) { try price.notional(of: quantity) }
      }
    }
    #expect(refused > 100)
  }

  @Test func `a half rounds to the even neighbour`() throws {
    let half = try Quantity("0.5")
    #expect(try Price(mantissa: 1).notional(of: half) == Money(mantissa: 0))
    #expect(try Price(mantissa: 3).notional(of: half) == Money(mantissa: 2))
    #expect(try Price(mantissa: -3).notional(of: half) == Money(mantissa: -2))
    #expect(try Price(mantissa: 3).notional(of: Quantity("0.500000001")) == Money(mantissa: 2))
    #expect(try Price(mantissa: 1).notional(of: Quantity("0.500000001")) == Money(mantissa: 1))
  }

  @Test func `sums, differences and multiples agree with Decimal or throw overflow`() {
    var random = SeededRandom(7)
    for _ in 0..<20_000 {
      let (a, b) = (mantissa(&random), mantissa(&random))
      let (one, other) = (Money(mantissa: a), Money(mantissa: b))
      for (result, expected) in [
        (Result { try one + other }, Decimal(a) + Decimal(b)), (Result { try one - other }, Decimal(a) - Decimal(b)),
        (Result { try one * b }, Decimal(a) * Decimal(b)), (Result { try -one }, -Decimal(a)),
        (Result { try one.absolute() }, abs(Decimal(a))),
      ] {
        switch result {
        case .success(let money): #expect(Decimal(money.mantissa) == expected)
        case .failure(let error):
          #expect(error as? NumberError == .overflow)
          #expect(!fits(expected, 0))
        }
      }
    }
  }

  @Test func `a quotient is the nearest unit, ties to even, in both directions`() throws {
    var random = SeededRandom(11)
    var checked = 0
    for _ in 0..<20_000 {
      let (money, quantity) = (Money(mantissa: mantissa(&random)), Quantity(mantissa: mantissa(&random)))
      guard !quantity.isZero, let price = try? money.price(per: quantity) else { continue }
      checked += 1
      let divisor = Int128(quantity.mantissa)
      let rest = Int128(money.mantissa) * 1_000_000_000 - Int128(price.mantissa) * divisor
      let (twice, whole) = (2 * rest.magnitude, divisor.magnitude)
      #expect(twice < whole || (twice == whole && price.mantissa % 2 == 0), "\(money) / \(quantity)")
    }
    #expect(checked > 5_000)
    #expect(throws: NumberError.divisionByZero) { try Money("1").price(per: .zero) }
    #expect(throws: NumberError.divisionByZero) { try Money("1").quantity(at: .zero, .down) }
    #expect(throws: NumberError.divisionByZero) { try Money("1").quantity(at: Price("-1"), .down) }
  }

  @Test func `what money buys never costs more than the money, and one unit more would`() throws {
    var random = SeededRandom(13)
    for _ in 0..<10_000 {
      let price = Price(mantissa: Int64.random(in: 1...1_000_000_000_000, using: &random))
      let money = Money(mantissa: Int64.random(in: 0...1_000_000_000_000_000, using: &random))
      guard let quantity = try? money.quantity(at: price, .down) else { continue }
      let cost = Int128(quantity.mantissa) * Int128(price.mantissa)
      let budget = Int128(money.mantissa) * 1_000_000_000
      #expect(cost <= budget && cost + Int128(price.mantissa) > budget)
    }
  }

  @Test func `rounding to a step brackets the value`() throws {
    var random = SeededRandom(17)
    for _ in 0..<20_000 {
      let value = Price(mantissa: mantissa(&random) / 4)
      let step = Price(mantissa: Int64.random(in: 1...10_000_000_000, using: &random))
      let (down, up) = (try value.rounded(to: step, .down), try value.rounded(to: step, .up))
      let near = try value.rounded(to: step, .nearestEven)
      #expect(down <= value && value <= up)
      #expect(down.mantissa % step.mantissa == 0 && up.mantissa % step.mantissa == 0)
      #expect(up.mantissa - down.mantissa == (down == value ? 0 : step.mantissa))
      #expect(near == down || near == up)
      #expect(abs(near.mantissa - value.mantissa) * 2 <= step.mantissa)
    }
    #expect(throws: NumberError.invalidStep) { try Price("1").rounded(to: .zero, .down) }
    #expect(throws: NumberError.overflow) { try Price.max.rounded(to: Price("0.01"), .up) }
  }

  @Test func `basis points are ten-thousandths`() throws {
    #expect(try Money("100000").portion(basisPoints: 100, .down) == Money("1000"))
    #expect(try Money("0.00000001").portion(basisPoints: 1, .down) == .zero)
    #expect(try Money("0.00000001").portion(basisPoints: 1, .up) == Money("0.00000001"))
    #expect(try Money("-0.00000001").portion(basisPoints: 1, .down) == Money("-0.00000001"))
    #expect(throws: NumberError.overflow) { try Money.max.portion(basisPoints: 10_001, .down) }
  }
}
