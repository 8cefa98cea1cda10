/// Numbers the distinct label sets a projection shows, in the order they are first seen.
///
/// A hash table of its own, because the keys are views of the labels that nobody should have to build: open addressing,
/// linear probing, at most half full.
struct RowTable {
  private let projection: LabelProjection?
  /// One label set of each number.
  private(set) var representatives: [Labels] = []
  private var hashes: [Int] = []
  /// Number + 1, or 0 for a free place.
  private var places: [Int32]

  /// - Parameter projection: what to compare; `nil` compares whole label sets.
  init(_ projection: LabelProjection?, capacity: Int) {
    self.projection = projection
    var size = 8
    while size < capacity * 2 { size *= 2 }
    places = Array(repeating: 0, count: projection?.leavesNothing == true ? 0 : size)
  }

  var count: Int { representatives.count }

  /// The number of what the projection shows of `labels`, a new one if it was not seen before.
  mutating func number(of labels: Labels) -> Int {
    if places.isEmpty {
      if representatives.isEmpty { representatives.append(labels) }
      return 0
    }
    let hash = hash(labels)
    var place = firstPlace(hash)
    while places[place] != 0 {
      let number = Int(places[place]) - 1
      if hashes[number] == hash, areEqual(representatives[number], labels) { return number }
      place = (place + 1) & (places.count - 1)
    }
    places[place] = Int32(representatives.count + 1)
    representatives.append(labels)
    hashes.append(hash)
    if representatives.count * 2 > places.count { grow() }
    return representatives.count - 1
  }

  /// The number of what the projection shows of `labels`, if it was seen before.
  func find(_ labels: Labels) -> Int? {
    if places.isEmpty { return representatives.isEmpty ? nil : 0 }
    let hash = hash(labels)
    var place = firstPlace(hash)
    while places[place] != 0 {
      let number = Int(places[place]) - 1
      if hashes[number] == hash, areEqual(representatives[number], labels) { return number }
      place = (place + 1) & (places.count - 1)
    }
    return nil
  }

  private func hash(_ labels: Labels) -> Int {
    projection?.hash(of: labels) ?? labels.hashValue
  }

  private func areEqual(_ a: Labels, _ b: Labels) -> Bool {
    projection?.areEqual(a, b) ?? (a == b)
  }

  private func firstPlace(_ hash: Int) -> Int {
    hash & (places.count - 1)
  }

  private mutating func grow() {
    places = Array(repeating: 0, count: places.count * 2)
    for (number, hash) in hashes.enumerated() {
      var place = firstPlace(hash)
      while places[place] != 0 { place = (place + 1) & (places.count - 1) }
      places[place] = Int32(number + 1)
    }
  }
}
