import ControlModel
import Identity
import NIOCore

/// A request that says which tenant it means must mean its caller's. To everyone else's the answer is the same 404,
/// whether there is such a tenant or not.
extension ClientConnection {
  /// Looks at the path's parameters and the query of a request of somebody who may act in one tenant only.
  func checkTenant(
    _ caller: Principal?, _ route: Route, _ head: RequestHead, _ bytes: ByteBuffer
  ) throws(Refusal) {
    guard let caller, caller.isConfined else { return }
    let span = bytes.readableBytesUInt8Span
    let keys = loop.snapshot.isolation.requestKeys
    if let found = TenantNames.inQuery(span, head.query, keys, own: caller.tenantBytes) {
      throw mismatch("query", "mismatch_query", found)
    }
    guard route.namesTenant else { return }
    let table = listener == .ops ? loop.snapshot.opsRoutes : loop.snapshot.publicRoutes
    for (name, value) in table.parameters(of: exchange.routeIndex, span, head.path) {
      let bytes = Array(name.utf8)
      if keys.index(of: bytes.span, 0, bytes.count) != nil, Array(value.utf8) != caller.tenantBytes {
        throw mismatch("path", "mismatch_path", Array(value.utf8))
      }
    }
  }

  /// What looks at the body of such a request while it is forwarded; nil where there is nothing to look at.
  func bodyWatch(_ head: RequestHead) -> TenantScanner? {
    guard exchange.hasJSON, let caller = exchange.caller, caller.isConfined else { return nil }
    return scanner(for: caller)
  }

  /// Why a body that was read so far must not go on.
  func refusal(of scanner: TenantScanner) -> Refusal? {
    switch scanner.finding?.kind {
    case .key: mismatch("body", "mismatch_body", Array((scanner.finding?.other?.text ?? "").utf8))
    case .unreadable: Refusal(.requestInvalid, "The body is nested deeper than \(TenantScanner.depthMax) levels.")
    case .canary, .header, nil: nil
    }
  }

  /// The same for a body an endpoint has collected.
  func tenantRefusal(ofBody body: ByteBuffer) -> Refusal? {
    guard body.readableBytes > 0, let caller = exchange.caller, caller.isConfined else { return nil }
    var scanner = scanner(for: caller)
    scanner.scan(body.readableBytesUInt8Span)
    return refusal(of: scanner)
  }

  private func scanner(for caller: Principal) -> TenantScanner {
    let keys = loop.snapshot.isolation.requestKeys
    var scanner = TenantScanner(keys)
    scanner.begin(keys, own: caller.tenantBytes, topLevelOnly: true)
    return scanner
  }

  private func mismatch(_ place: String, _ kind: StaticString, _ found: [UInt8]) -> Refusal {
    loop.record(mismatchIn: place, kind: kind, found: found, of: exchange)
    return Refusal(.tenantMismatch, "There is nothing here for your tenant.")
  }
}

/// Finds tenants named in a query string.
enum TenantNames {
  /// Whether a request's `Content-Type` is JSON.
  static func isJSON(_ fields: [Field], _ bytes: Span<UInt8>) -> Bool {
    fields.contains { field in
      field.kind == .other && FieldSyntax.equals(bytes, field.name, "content-type")
        && AnswerFormat.of(bytes, field.value) == .json
    }
  }

  /// The first value of a parameter with one of these names that is not `own`. A name may carry an index, as in
  /// `tenantId[]`; `;` separates as `&` does, because some servers read it so.
  static func inQuery(_ bytes: Span<UInt8>, _ query: Range<Int>, _ keys: TenantKeys, own: [UInt8]) -> [UInt8]? {
    var start = query.lowerBound
    while start < query.upperBound {
      var end = start
      var equals = -1
      var nameEnd = -1
      while end < query.upperBound, bytes[end] != UInt8(ascii: "&"), bytes[end] != UInt8(ascii: ";") {
        if equals < 0, bytes[end] == UInt8(ascii: "=") { equals = end }
        if equals < 0, nameEnd < 0, bytes[end] == UInt8(ascii: "[") || bytes[end] == UInt8(ascii: "%") { nameEnd = end }
        end += 1
      }
      let mark = equals < 0 ? end : equals
      if isTenant(bytes, start, mark, isPlain: nameEnd < 0, keys) {
        let value = equals < 0 ? [] : decoded(bytes, (equals + 1)..<end)
        if !value.isEmpty, value != own { return value }
      }
      start = end + 1
    }
    return nil
  }

  private static func isTenant(
    _ bytes: Span<UInt8>, _ start: Int, _ end: Int, isPlain: Bool, _ keys: TenantKeys
  ) -> Bool {
    if isPlain { return keys.index(of: bytes, start, end) != nil }
    let name = Array(decoded(bytes, start..<end).prefix { $0 != UInt8(ascii: "[") })
    return keys.index(of: name.span, 0, name.count) != nil
  }

  private static func decoded(_ bytes: Span<UInt8>, _ range: Range<Int>) -> [UInt8] {
    Array(PercentCoding.decoded(Array(copying: bytes.extracting(range)), plusIsSpace: true).utf8)
  }
}
