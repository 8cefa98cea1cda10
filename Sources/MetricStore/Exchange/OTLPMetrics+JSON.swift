import Foundation

extension OTLPMetrics {
  /// The JSON form: lowerCamelCase keys, 64-bit integers as strings or numbers, ids in hex, enumerations as numbers or names.
  /// Nil when it is not JSON of that shape.
  init?(json bytes: [UInt8]) {
    guard let root = try? JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any],
      let list = (root["resourceMetrics"] ?? [Any]()) as? [[String: Any]]
    else { return nil }
    for one in list {
      var resource = Resource()
      resource.attributes = JSONValue.attributes((one["resource"] as? [String: Any])?["attributes"])
      for scope in one["scopeMetrics"] as? [[String: Any]] ?? [] {
        resource.metrics += (scope["metrics"] as? [[String: Any]] ?? []).map { Metric(json: $0) }
      }
      resources.append(resource)
    }
  }
}

extension OTLPMetrics.Metric {
  fileprivate init(json: [String: Any]) {
    name = json["name"] as? String ?? ""
    unit = json["unit"] as? String ?? ""
    help = json["description"] as? String ?? ""
    let kinds: [(String, Kind)] = [
      ("gauge", .gauge), ("sum", .sum(isMonotonic: false)), ("histogram", .histogram), ("summary", .summary),
      ("exponentialHistogram", .exponential),
    ]
    for (key, kind) in kinds {
      guard let data = json[key] as? [String: Any] else { continue }
      self.kind = kind
      if case .sum = kind { self.kind = .sum(isMonotonic: data["isMonotonic"] as? Bool ?? false) }
      let temporality = data["aggregationTemporality"]
      isDelta = temporality as? Int == 1 || temporality as? String == "AGGREGATION_TEMPORALITY_DELTA"
      points = (data["dataPoints"] as? [[String: Any]] ?? []).map { OTLPMetrics.Point(json: $0) }
    }
  }
}

extension OTLPMetrics.Point {
  fileprivate init(json: [String: Any]) {
    attributes = JSONValue.attributes(json["attributes"])
    start = JSONValue.unsigned(json["startTimeUnixNano"])
    time = JSONValue.unsigned(json["timeUnixNano"])
    value = JSONValue.number(json["asDouble"]) ?? JSONValue.number(json["asInt"]) ?? 0
    count = JSONValue.unsigned(json["count"])
    sum = JSONValue.number(json["sum"])
    bounds = (json["explicitBounds"] as? [Any] ?? []).map { JSONValue.number($0) ?? .nan }
    bucketCounts = (json["bucketCounts"] as? [Any] ?? []).map(JSONValue.unsigned)
    quantiles = (json["quantileValues"] as? [[String: Any]] ?? []).map {
      (JSONValue.number($0["quantile"]) ?? .nan, JSONValue.number($0["value"]) ?? .nan)
    }
    isStale = JSONValue.unsigned(json["flags"]) & 1 == 1
    exemplars = (json["exemplars"] as? [[String: Any]] ?? []).map { exemplar in
      OTLPMetrics.Exemplar(
        time: JSONValue.unsigned(exemplar["timeUnixNano"]),
        value: JSONValue.number(exemplar["asDouble"]) ?? JSONValue.number(exemplar["asInt"]) ?? 0,
        traceID: (exemplar["traceId"] as? String ?? "").lowercased(),
        spanID: (exemplar["spanId"] as? String ?? "").lowercased(),
        attributes: JSONValue.attributes(exemplar["filteredAttributes"]))
    }
  }
}

/// Members of OTLP's JSON as values.
private enum JSONValue {
  static func unsigned(_ value: Any?) -> UInt64 {
    if let text = value as? String { return UInt64(text) ?? 0 }
    return (value as? NSNumber)?.uint64Value ?? 0
  }

  /// NaN and infinities are written as text.
  static func number(_ value: Any?) -> Double? {
    if let text = value as? String {
      switch text {
      case "NaN": return .nan
      case "Infinity": return .infinity
      case "-Infinity": return -.infinity
      default: return Double(text)
      }
    }
    return (value as? NSNumber)?.doubleValue
  }

  static func attributes(_ value: Any?) -> [(name: String, value: String)] {
    (value as? [[String: Any]] ?? []).compactMap { pair in
      guard let name = pair["key"] as? String, let any = pair["value"] as? [String: Any] else { return nil }
      return text(any, depth: 0).map { (name, $0) }
    }
  }

  private static func text(_ any: [String: Any], depth: Int) -> String? {
    if let text = any["stringValue"] as? String { return text }
    if let flag = any["boolValue"] as? Bool { return flag ? "true" : "false" }
    if let number = any["intValue"] { return (number as? String) ?? (number as? NSNumber)?.stringValue }
    if let number = any["doubleValue"] as? NSNumber { return "\(number.doubleValue)" }
    guard depth < OTLPMetrics.depthMax, let list = any["arrayValue"] as? [String: Any] else { return nil }
    let items = (list["values"] as? [[String: Any]] ?? []).map { text($0, depth: depth + 1) ?? "null" }
    return "[" + items.joined(separator: ",") + "]"
  }
}
