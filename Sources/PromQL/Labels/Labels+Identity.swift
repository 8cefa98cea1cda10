extension Labels: Hashable, Comparable, CustomStringConvertible {
  public func hash(into hasher: inout Hasher) {
    withCursor { cursor in
      while let entry = cursor.next() { hasher.combine(entry) }
    }
  }

  public static func == (a: Labels, b: Labels) -> Bool {
    if !a.hidesName, !b.hidesName { return a.packed == b.packed }
    return a.withCursor { first in b.withCursor { second in areEqual(&first, &second) } }
  }

  /// Prometheus' order of series: label by label, name before value; a set that is a prefix of another comes first.
  public static func < (a: Labels, b: Labels) -> Bool {
    a.withCursor { first in
      b.withCursor { second in
        while let left = first.next() {
          guard let right = second.next() else { return false }
          let names = compareBytes(left.name, right.name)
          if names != 0 { return names < 0 }
          let values = compareBytes(left.value, right.value)
          if values != 0 { return values < 0 }
        }
        return second.next() != nil
      }
    }
  }

  /// `metric{name="value", …}` as Prometheus shows a series; a name that is no plain word stands quoted in the braces.
  public var description: String {
    let name = metricName ?? ""
    let isPlain = LabelName.isPlainMetric(name.utf8)
    var items = name.isEmpty || isPlain ? [] : [Quoted.text(name)]
    for pair in pairs where pair.name != MetricName.label {
      items.append("\(LabelName.printed(pair.name))=\(Quoted.text(pair.value))")
    }
    if isPlain, items.isEmpty { return name }
    return "\(isPlain ? name : ""){\(items.joined(separator: ", "))}"
  }

  private static func areEqual(_ first: inout LabelCursor, _ second: inout LabelCursor) -> Bool {
    while true {
      switch (first.next(), second.next()) {
      case (nil, nil): return true
      case (let left?, let right?):
        guard left.isEqual(to: right) else { return false }
      default: return false
      }
    }
  }
}

extension LabelEntry {
  func isEqual(to other: LabelEntry) -> Bool {
    compareBytes(name, other.name) == 0 && compareBytes(value, other.value) == 0
  }
}

extension Hasher {
  /// Lengths are part of the hash, so that moving a byte from a name to its value changes it.
  mutating func combine(_ entry: LabelEntry) {
    combine(entry.name.count &<< 16 | entry.value.count)
    combine(bytes: entry.name)
    combine(bytes: entry.value)
  }
}
