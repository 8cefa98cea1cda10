extension OTLPMetrics {
  /// An `ExportMetricsServiceRequest`; nil when it is not protobuf. Field numbers are those of
  /// opentelemetry/proto/metrics/v1/metrics.proto.
  init?(protobuf bytes: UnsafeRawBufferPointer) {
    let isGood = Self.fields(bytes) { number, field in
      guard number == 1, case .bytes(let message) = field else { return true }
      var resource = Resource()
      let isGood = Self.fields(message) { number, field in
        guard case .bytes(let part) = field else { return true }
        switch number {
        case 1:
          return Self.fields(part) { number, field in
            if number == 1, case .bytes(let pair) = field { resource.attributes += Self.attribute(pair) }
            return true
          }
        case 2:
          return Self.fields(part) { number, field in
            guard number == 2, case .bytes(let metric) = field else { return true }
            guard let read = Metric(protobuf: metric) else { return false }
            resource.metrics.append(read)
            return true
          }
        default: return true
        }
      }
      resources.append(resource)
      return isGood
    }
    if !isGood { return nil }
  }

  private init() {}

  /// Calls `visit` with each field until it says false. False if it did or the message is malformed.
  static func fields(
    _ bytes: UnsafeRawBufferPointer, _ visit: (Int, ProtobufReader.Field) -> Bool
  ) -> Bool {
    var message = ProtobufReader(bytes)
    while let (number, field) = message.next() {
      if !visit(number, field) { return false }
    }
    return !message.isMalformed
  }

  /// A `KeyValue`; one whose value has no text is left out.
  static func attribute(_ bytes: UnsafeRawBufferPointer) -> [(name: String, value: String)] {
    var name = ""
    var value: String?
    _ = fields(bytes) { number, field in
      guard case .bytes(let part) = field else { return true }
      if number == 1 { name = String(decoding: part, as: UTF8.self) }
      if number == 2 { value = text(part, depth: 0) }
      return true
    }
    return value.map { [(name, $0)] } ?? []
  }

  /// An `AnyValue` as text: scalars as they are written, arrays as JSON does.
  private static func text(_ bytes: UnsafeRawBufferPointer, depth: Int) -> String? {
    var result: String?
    _ = fields(bytes) { number, field in
      switch (number, field) {
      case (1, .bytes(let text)): result = String(decoding: text, as: UTF8.self)
      case (2, .varint(let flag)): result = flag == 0 ? "false" : "true"
      case (3, .varint(let number)): result = String(Int64(bitPattern: number))
      case (4, .fixed64(let bits)): result = "\(Double(bitPattern: bits))"
      case (5, .bytes(let list)) where depth < depthMax:
        var items: [String] = []
        _ = fields(list) { number, field in
          if number == 1, case .bytes(let item) = field { items.append(text(item, depth: depth + 1) ?? "null") }
          return true
        }
        result = "[" + items.joined(separator: ",") + "]"
      default: break
      }
      return true
    }
    return result
  }

  /// Packed or single fixed 64-bit numbers.
  static func numbers(_ field: ProtobufReader.Field) -> [UInt64] {
    switch field {
    case .fixed64(let bits): return [bits]
    case .bytes(let packed):
      var reader = ByteReader(packed)
      var found: [UInt64] = []
      found.reserveCapacity(packed.count / 8)
      while let bits = reader.little64() { found.append(bits) }
      return found
    default: return []
    }
  }
}

extension OTLPMetrics.Metric {
  fileprivate init?(protobuf bytes: UnsafeRawBufferPointer) {
    let isGood = OTLPMetrics.fields(bytes) { number, field in
      guard case .bytes(let part) = field else { return true }
      switch number {
      case 1: name = String(decoding: part, as: UTF8.self)
      case 2: help = String(decoding: part, as: UTF8.self)
      case 3: unit = String(decoding: part, as: UTF8.self)
      case 5, 7, 9, 10, 11: return readData(number, part)
      default: break
      }
      return true
    }
    if !isGood { return nil }
  }

  private mutating func readData(_ which: Int, _ bytes: UnsafeRawBufferPointer) -> Bool {
    var isMonotonic = false
    switch which {
    case 5: kind = .gauge
    case 7: kind = .sum(isMonotonic: false)
    case 9: kind = .histogram
    case 10: kind = .exponential
    default: kind = .summary
    }
    let isGood = OTLPMetrics.fields(bytes) { number, field in
      switch (number, field) {
      case (1, .bytes(let point)):
        guard let read = OTLPMetrics.Point(protobuf: point, kind) else { return false }
        points.append(read)
      case (2, .varint(let temporality)): isDelta = temporality == 1
      case (3, .varint(let flag)): isMonotonic = flag != 0
      default: break
      }
      return true
    }
    if case .sum = kind { kind = .sum(isMonotonic: isMonotonic) }
    return isGood
  }
}

extension OTLPMetrics.Point {
  fileprivate init?(protobuf bytes: UnsafeRawBufferPointer, _ kind: OTLPMetrics.Metric.Kind) {
    let isNumber =
      switch kind {
      case .gauge, .sum: true
      default: false
      }
    let isGood = OTLPMetrics.fields(bytes) { number, field in
      switch (number, field) {
      case (2, .fixed64(let bits)): start = bits
      case (3, .fixed64(let bits)): time = bits
      case (4, .fixed64(let bits)) where isNumber: value = Double(bitPattern: bits)
      case (6, .fixed64(let bits)) where isNumber: value = Double(Int64(bitPattern: bits))
      case (7, .bytes(let pair)) where isNumber || kind == .summary: attributes += OTLPMetrics.attribute(pair)
      case (9, .bytes(let pair)) where kind == .histogram: attributes += OTLPMetrics.attribute(pair)
      case (5, .bytes(let exemplar)) where isNumber: exemplars += [OTLPMetrics.Exemplar(protobuf: exemplar)]
      case (8, .bytes(let exemplar)) where kind == .histogram: exemplars += [OTLPMetrics.Exemplar(protobuf: exemplar)]
      case (4, .fixed64(let bits)): count = bits
      case (5, .fixed64(let bits)): sum = Double(bitPattern: bits)
      case (6, _) where kind == .histogram: bucketCounts += OTLPMetrics.numbers(field)
      case (7, _) where kind == .histogram:
        bounds += OTLPMetrics.numbers(field).map { Double(bitPattern: $0) }
      case (6, .bytes(let quantile)) where kind == .summary: quantiles += [Self.quantile(quantile)]
      case (8, .varint(let flags)) where isNumber || kind == .summary: isStale = flags & 1 == 1
      case (10, .varint(let flags)) where kind == .histogram: isStale = flags & 1 == 1
      default: break
      }
      return true
    }
    if !isGood { return nil }
  }

  private static func quantile(_ bytes: UnsafeRawBufferPointer) -> (quantile: Double, value: Double) {
    var found = (quantile: 0.0, value: 0.0)
    _ = OTLPMetrics.fields(bytes) { number, field in
      if number == 1, case .fixed64(let bits) = field { found.quantile = Double(bitPattern: bits) }
      if number == 2, case .fixed64(let bits) = field { found.value = Double(bitPattern: bits) }
      return true
    }
    return found
  }
}

extension OTLPMetrics.Exemplar {
  fileprivate init(protobuf bytes: UnsafeRawBufferPointer) {
    _ = OTLPMetrics.fields(bytes) { number, field in
      switch (number, field) {
      case (2, .fixed64(let bits)): time = bits
      case (3, .fixed64(let bits)): value = Double(bitPattern: bits)
      case (6, .fixed64(let bits)): value = Double(Int64(bitPattern: bits))
      case (4, .bytes(let id)): spanID = Self.hex(id)
      case (5, .bytes(let id)): traceID = Self.hex(id)
      case (7, .bytes(let pair)): attributes += OTLPMetrics.attribute(pair)
      default: break
      }
      return true
    }
  }

  private static func hex(_ bytes: UnsafeRawBufferPointer) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }
}
