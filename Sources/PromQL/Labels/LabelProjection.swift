/// A view of label sets: only the listed names, or all but the listed ones.
///
/// Series are grouped and matched by what the view leaves. It hashes and compares without building the smaller set.
struct LabelProjection: Hashable, Sendable {
  /// As the query lists them.
  let names: LabelNames
  let keepsListed: Bool
  /// The sorted names the view compares with; unlike `names`, always with the metric's name if that is left out.
  private let packed: [UInt8]

  /// `by (…)` and `on (…)`.
  static func keeping(_ names: LabelNames) -> LabelProjection {
    LabelProjection(names: names, keepsListed: true, packed: names.packed)
  }

  /// `without (…)` and `ignoring (…)`, which always leave out the metric's name too.
  static func removing(_ names: LabelNames) -> LabelProjection {
    LabelProjection(names: names, keepsListed: false, packed: names.adding(MetricName.label).packed)
  }

  /// Leaves out the listed names and nothing else.
  static func excluding(_ names: LabelNames) -> LabelProjection {
    LabelProjection(names: names, keepsListed: false, packed: names.packed)
  }

  /// Every set looks the same through `by ()` and `on ()`.
  var leavesNothing: Bool { keepsListed && names.isEmpty }

  func hash(of labels: Labels) -> Int {
    var hasher = Hasher()
    withCursor(over: labels) { cursor in
      while let entry = cursor.next() { hasher.combine(entry) }
    }
    return hasher.finalize()
  }

  func areEqual(_ a: Labels, _ b: Labels) -> Bool {
    withCursor(over: a) { first in
      withCursor(over: b) { second in
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
  }

  func apply(to labels: Labels) -> Labels {
    if leavesNothing { return Labels() }
    var packer = LabelPacker()
    withCursor(over: labels) { cursor in
      while let entry = cursor.next() { packer.append(name: entry.name, value: entry.value) }
    }
    return Labels(packed: packer.packed, hidesName: false)
  }

  private func withCursor<Result>(over labels: Labels, _ body: (inout ProjectedCursor) -> Result) -> Result {
    packed.withUnsafeBytes { listed in
      labels.withCursor { entries in
        var cursor = ProjectedCursor(entries, listed: listed, keepsListed: keepsListed)
        return body(&cursor)
      }
    }
  }
}

/// Walks the entries a projection leaves: a merge of two sorted lists.
private struct ProjectedCursor {
  private var entries: LabelCursor
  private var listed: LabelCursor
  private var candidate: LabelEntry?
  private let keepsListed: Bool

  init(_ entries: LabelCursor, listed: UnsafeRawBufferPointer, keepsListed: Bool) {
    self.entries = entries
    self.listed = LabelCursor(listed, hidesName: false)
    self.keepsListed = keepsListed
    candidate = self.listed.next()
  }

  mutating func next() -> LabelEntry? {
    while let entry = entries.next() {
      var isListed = false
      while let name = candidate?.name {
        let order = compareBytes(name, entry.name)
        if order > 0 { break }
        isListed = order == 0
        if isListed { break }
        candidate = listed.next()
      }
      if candidate == nil, keepsListed { return nil }
      if isListed == keepsListed { return entry }
    }
    return nil
  }
}
