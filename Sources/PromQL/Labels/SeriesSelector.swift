// public: the key a store can cache the series of a selector by.

/// Which series a selector means: all matchers must hold.
///
/// Equal selectors select the same series: the order of the matchers does not count. Hashing costs one word.
public struct SeriesSelector: Hashable, Sendable {
  /// In the order of the query.
  public let matchers: [Matcher]
  /// The first matcher is a name written before the braces: how to print it, not what is selected.
  let isNamed: Bool
  private let canonical: [Matcher]
  private let hash: Int

  public init(_ matchers: [Matcher]) { self.init(matchers, isNamed: false) }

  init(_ matchers: [Matcher], isNamed: Bool) {
    self.matchers = matchers
    self.isNamed = isNamed
    canonical = matchers.sorted { $0.sortKey < $1.sortKey }
    hash = canonical.hashValue
  }

  public static func == (a: SeriesSelector, b: SeriesSelector) -> Bool {
    a.hash == b.hash && a.canonical == b.canonical
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(hash)
  }

  /// Whether all matchers hold for a series.
  public func matches(_ labels: Labels) -> Bool {
    matchers.allSatisfy { matcher in
      labels.withValue(of: matcher.nameBytes) { value in
        matcher.matches(utf8: value ?? UnsafeRawBufferPointer(start: nil, count: 0))
      }
    }
  }

  /// The name all selected series share, if a matcher fixes it.
  public var metricName: String? {
    matchers.first { $0.isOnMetricName && $0.operation == .equal && !$0.valueBytes.isEmpty }?.value
  }
}

extension Matcher {
  fileprivate var sortKey: SortKey {
    SortKey(name: nameBytes, operation: operation.rawValue, value: valueBytes)
  }

  fileprivate struct SortKey: Comparable {
    let name: [UInt8]
    let operation: String
    let value: [UInt8]

    static func < (a: SortKey, b: SortKey) -> Bool {
      if a.name != b.name { return a.name.lexicographicallyPrecedes(b.name) }
      if a.operation != b.operation { return a.operation < b.operation }
      return a.value.lexicographicallyPrecedes(b.value)
    }
  }
}
