package import ControlModel
package import Strategy
import Venues

extension Order {
  /// What can happen to an order.
  package enum Input: Equatable, Sendable {
    case deny(reason: String)
    /// The durable mark before the first byte.
    case dispatch
    /// The connection says no byte left.
    case notSent(reason: String)
    /// The connection cannot tell.
    case uncertain
    case accepted
    case rejected(reason: String)
    case fill(quantity: Quantity, price: Price)
    case canceled
    case expired
    case requestCancel
    case refuseCancel
    /// Looked up long enough, and the venue says it never saw it.
    case notFound
    /// Looked up, and the venue can prove that it will never see it.
    case neverArrived
  }

  package enum Outcome: Equatable, Sendable {
    case changed
    /// Already so: repeats and late echoes are harmless.
    case ignored
    /// Cannot be, in this state: counted, state unchanged.
    case illegal
  }

  /// Applies one input. Fills are accepted in every state after dispatch, because a venue's fill is a fact; filled quantity
  /// never shrinks and never passes the order's.
  package mutating func apply(_ input: Input, at now: WallTime) -> Outcome {
    switch input {
    case .deny(let text):
      guard state == .intent else { return state == .denied ? .ignored : .illegal }
      return end(.denied, now, text)
    case .dispatch:
      guard state == .intent else { return .illegal }
      state = .inFlight
      sentAt = now
      return .changed
    case .notSent(let text):
      guard state == .inFlight else { return state.isFinal ? .ignored : .illegal }
      return end(.denied, now, text)
    case .uncertain:
      guard state == .inFlight else { return state == .intent ? .illegal : .ignored }
      state = .unknown
      return .changed
    case .accepted:
      switch state {
      case .inFlight, .unknown, .quarantined:
        state = filled.isZero ? .working : .partial
        answeredAt = answeredAt ?? now
        return .changed
      case .intent, .denied: return .illegal
      default: return .ignored
      }
    case .rejected(let text):
      switch state {
      case .inFlight, .unknown, .quarantined, .working: return end(.rejected, now, text)
      case .rejected: return .ignored
      default: return .illegal
      }
    case .fill(let quantity, let price): return fill(quantity, price, now)
    case .canceled: return endWorking(.canceled, now)
    case .expired: return endWorking(.expired, now)
    case .requestCancel:
      guard !state.isFinal, state != .intent, !isCancelPending else { return .ignored }
      isCancelPending = true
      return .changed
    case .refuseCancel:
      guard isCancelPending else { return .ignored }
      isCancelPending = false
      return .changed
    case .notFound:
      guard state == .unknown else { return .ignored }
      state = .quarantined
      return .changed
    case .neverArrived:
      guard state == .unknown || state == .quarantined else { return .ignored }
      return end(.denied, now, "it never reached the venue")
    }
  }

  private mutating func fill(_ quantity: Quantity, _ price: Price, _ now: WallTime) -> Outcome {
    guard state != .intent, state != .denied, quantity.isPositive, let total = try? filled + quantity,
      total <= request.quantity, let money = try? price.notional(of: quantity),
      let sum = try? filledNotional + money
    else { return .illegal }
    filled = total
    filledNotional = sum
    answeredAt = answeredAt ?? now
    if filled == request.quantity {
      state = .filled
      isCancelPending = false
    } else if !state.isFinal {
      state = .partial
    }
    return .changed
  }

  private mutating func endWorking(_ final: OrderState, _ now: WallTime) -> Outcome {
    switch state {
    case .inFlight, .unknown, .quarantined, .working, .partial: return end(final, now, nil)
    case .filled, .canceled, .expired, .rejected: return .ignored
    case .intent, .denied: return .illegal
    }
  }

  private mutating func end(_ final: OrderState, _ now: WallTime, _ text: String?) -> Outcome {
    state = final
    isCancelPending = false
    if let text { reason = text }
    answeredAt = answeredAt ?? now
    return .changed
  }

  /// Mean price of what is filled; nil while nothing is.
  package var averagePrice: Price? { filled.isPositive ? try? filledNotional.price(per: filled) : nil }
}
