import ControlModel
import DataPlane
import Identity
import NIOCore
import PromQL

/// Why a call of the Prometheus API failed, as its clients know it.
struct PrometheusFailure: Error {
  let status: Int
  let type: String
  let message: String

  static let busy = PrometheusFailure(
    status: 503, type: "unavailable", message: "too many queries are waiting; try again")

  static func badData(_ message: String) -> PrometheusFailure {
    PrometheusFailure(status: 400, type: "bad_data", message: message)
  }

  static func invalid(_ name: String, _ message: String) -> PrometheusFailure {
    badData("invalid parameter \"\(name)\": \(message)")
  }

  init(status: Int, type: String, message: String) {
    self.status = status
    self.type = type
    self.message = message
  }

  init(_ error: QueryError) {
    switch error {
    case .stopped: self.init(status: 503, type: "timeout", message: error.description)
    case .budgetExceeded, .sourceFailed, .invalid:
      self.init(status: 422, type: "execution", message: error.description)
    }
  }
}

/// The parameters of one call, read and restricted to what the caller may see.
struct PrometheusParameters {
  private let form: Query?
  private let query: Query
  /// Every selector of a caller with a tenant also asks for it.
  let tenant: Matcher?

  /// Roles that see every tenant's series when their token names none.
  private static let seeEverything: Set<Role> = [.support, .operator, .admin, .auditor, .metrics]

  /// From the form body of a POST, then from the query string.
  init(_ call: Call) throws(PrometheusFailure) {
    form = call.method == .post ? Query(Array(call.body.readableBytesView)) : nil
    query = call.query
    guard let tenant = call.caller?.tenant else {
      if let caller = call.caller, !Self.seeEverything.contains(caller.role) {
        throw PrometheusFailure(
          status: 403, type: "forbidden", message: "your token names no tenant, and role \(caller.role) sees one's own")
      }
      self.tenant = nil
      return
    }
    do throws(RegexError) {
      self.tenant = try Matcher("tenant", .equal, tenant.text)
    } catch {
      throw PrometheusFailure(status: 500, type: "internal", message: "the tenant cannot be matched")
    }
  }

  func first(_ name: String) -> String? { form?.first(name) ?? query.first(name) }
  func all(_ name: String) -> [String] { (form?.all(name) ?? []) + query.all(name) }

  func expression() throws(PrometheusFailure) -> Expression {
    let parsed: Expression
    do throws(ParseError) {
      parsed = try Expression(first("query") ?? "")
    } catch {
      throw .invalid("query", error.description)
    }
    return tenant.map { parsed.restricted(by: $0) } ?? parsed
  }

  /// The selectors of `match[]`. A caller with a tenant who names none gets that tenant's series.
  func selectors() throws(PrometheusFailure) -> [SeriesSelector] {
    var selectors: [SeriesSelector] = []
    for text in all("match[]") {
      let selector: SeriesSelector
      do throws(ParseError) {
        selector = try SeriesSelector(parsing: text)
      } catch {
        throw .invalid("match[]", error.description)
      }
      guard selector.matchers.contains(where: { !$0.matches("") }) else {
        throw .invalid("match[]", "match[] must contain at least one non-empty matcher")
      }
      selectors.append(tenant.map { selector.adding($0) } ?? selector)
    }
    if selectors.isEmpty, let tenant { return [SeriesSelector([tenant])] }
    return selectors
  }

  /// At most how many items to answer; nil and 0 are all.
  func limit() throws(PrometheusFailure) -> Int? {
    guard let text = first("limit"), !text.isEmpty else { return nil }
    guard let limit = Int(text), limit >= 0 else { throw .invalid("limit", "limit must be non-negative") }
    return limit == 0 ? nil : limit
  }

  /// Refuses a caller who is bound to a tenant: the answer is about everyone.
  func forEveryone() throws(PrometheusFailure) {
    guard tenant == nil else {
      throw PrometheusFailure(status: 403, type: "forbidden", message: "this is not shown to a single tenant")
    }
  }

  /// `start` to `end`, by default the last hour; nil when nothing lies between.
  func window(now: Int64) throws(PrometheusFailure) -> ClosedRange<Int64>? {
    let end = try time("end") ?? now
    let start = try time("start") ?? end - 3_600_000
    return start <= end ? start...end : nil
  }

  /// Unix seconds with a fraction, or RFC 3339, as milliseconds.
  func time(_ name: String) throws(PrometheusFailure) -> Int64? {
    guard let text = first(name) else { return nil }
    return try time(text, name)
  }

  func requiredTime(_ name: String) throws(PrometheusFailure) -> Int64 { try time(first(name) ?? "", name) }

  private func time(_ text: String, _ name: String) throws(PrometheusFailure) -> Int64 {
    if let seconds = GoFloat.parse(text), abs(seconds) < 9e12 { return Int64((seconds * 1000).rounded()) }
    if let time = WallTime(rfc3339: text) { return time.unixMilliseconds }
    throw .invalid(name, "cannot parse \"\(text.prefix(64))\" to a valid timestamp")
  }

  /// Seconds, or a duration such as `15s`, as milliseconds.
  func duration(_ name: String) throws(PrometheusFailure) -> Int64? {
    guard let text = first(name) else { return nil }
    if let seconds = GoFloat.parse(text), abs(seconds) < 9e12 { return Int64((seconds * 1000).rounded()) }
    if let duration = DurationSetting.milliseconds(text) { return duration }
    throw .invalid(name, "cannot parse \"\(text.prefix(64))\" to a valid duration")
  }

  func step() throws(PrometheusFailure) -> Int64 {
    guard let step = try duration("step") else { throw .invalid("step", "cannot parse \"\" to a valid duration") }
    guard step > 0 else {
      throw .invalid(
        "step", "zero or negative query resolution step widths are not accepted. Try a positive integer")
    }
    return step
  }
}
