import ControlModel
import Foundation
import Strategy
import Synchronization

/// The paper venue's memory: one line per change, written with write(2) and not synced. It survives our process, as a
/// venue does; it need not survive the machine.
final class PaperLog: Sendable {
  private let descriptor: Int32
  private let path: String

  init(_ path: String) throws {
    self.path = path
    descriptor = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw PaperLogFailure(path: path, reason: String(cString: strerror(errno))) }
  }

  deinit { close(descriptor) }

  /// Every whole entry. A last line cut short by a crash is removed.
  func read() throws -> [PaperBook.Entry] {
    let data = try Data(contentsOf: URL(fileURLWithPath: path))
    let whole = data.prefix(data.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0)
    if whole.count < data.count { ftruncate(descriptor, off_t(whole.count)) }
    let decoder = JSONDecoder()
    return whole.split(separator: UInt8(ascii: "\n")).compactMap { line in
      (try? decoder.decode(Line.self, from: Data(line)))?.entry
    }
  }

  /// A full disk loses the line, and no more: what was written of it is taken back, so that the next one is whole.
  func append(_ entry: PaperBook.Entry) {
    guard var bytes = try? JSONEncoder().encode(Line(entry)) else { return }
    bytes.append(UInt8(ascii: "\n"))
    let end = lseek(descriptor, 0, SEEK_END)
    let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
    if count != bytes.count { ftruncate(descriptor, end) }
  }

  private struct Line: Codable {
    var id: String
    var tenant: String?
    var profile: String?
    var symbol: String?
    var side: String?
    var kind: String?
    var price: String?
    var quantity: String?
    var stopID: String?
    var stopPrice: String?
    var what: String?
    var reason: String?
    var execution: String?
    var filled: String?
    var fillPrice: String?
    var at: Int64?

    init(_ entry: PaperBook.Entry) {
      id = entry.event.order.text
      if let order = entry.order {
        tenant = order.account.tenant.text
        profile = order.account.profile.text
        symbol = order.symbol.text
        side = order.side.rawValue
        kind = order.kind.name
        price = order.kind.price?.description
        quantity = order.quantity.description
        stopID = order.attachedStop?.id.text
        stopPrice = order.attachedStop?.price.description
      }
      at = entry.event.at.unixMilliseconds
      switch entry.event.what {
      case .accepted: what = "accepted"
      case .rejected(let text): (what, reason) = ("rejected", text)
      case .canceled: what = "canceled"
      case .expired: what = "expired"
      case .filled(let name, let amount, let at):
        (what, execution, filled, fillPrice) = ("filled", name, amount.description, at.description)
      }
    }

    var entry: PaperBook.Entry? {
      guard let id = OrderID(id), let change = what.flatMap(change), let at else { return nil }
      let event = VenueEvent(order: id, what: change, at: WallTime(unixMilliseconds: at))
      return PaperBook.Entry(order: order(id), event: event)
    }

    private func change(_ what: String) -> VenueEvent.What? {
      switch what {
      case "accepted": return .accepted
      case "rejected": return .rejected(reason: reason ?? "")
      case "canceled": return .canceled
      case "expired": return .expired
      case "filled":
        guard let execution, let quantity = filled.flatMap({ try? Quantity($0) }),
          let price = fillPrice.flatMap({ try? Price($0) })
        else { return nil }
        return .filled(execution: execution, quantity: quantity, price: price)
      default: return nil
      }
    }

    private func order(_ id: OrderID) -> VenueOrder? {
      guard let tenant = tenant.flatMap({ TenantID($0) }), let profile = profile.flatMap({ ProfileID($0) }),
        let symbol = symbol.flatMap({ Symbol($0) }), let side = side.flatMap(OrderSide.init(rawValue:)),
        let quantity = quantity.flatMap({ try? Quantity($0) })
      else { return nil }
      let level = price.flatMap { try? Price($0) }
      let kind: OrderKind
      switch (self.kind, level) {
      case ("limit", let price?): kind = .limit(price)
      case ("stop", let price?): kind = .stop(price)
      default: kind = .market
      }
      return VenueOrder(
        id: id, account: VenueAccount(tenant: tenant, profile: profile), symbol: symbol, side: side, kind: kind,
        quantity: quantity, attachedStop: attachedStop)
    }

    private var attachedStop: AttachedStop? {
      guard let id = stopID.flatMap({ OrderID($0) }), let price = stopPrice.flatMap({ try? Price($0) }) else {
        return nil
      }
      return AttachedStop(id: id, price: price)
    }
  }
}

struct PaperLogFailure: Error, CustomStringConvertible {
  let path: String
  let reason: String

  var description: String { "The paper venue's log \(path) cannot be opened: \(reason)." }
}
