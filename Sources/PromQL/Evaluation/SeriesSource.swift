// public: implemented by the store; the engine calls it once per series and query.

/// Where a query finds its data.
///
/// The engine calls `select` once for each selector of a query, whatever the number of steps, and reads the series one
/// after the other. Nothing is kept after the query.
public protocol SeriesSource: Sendable {
  /// The series that satisfy all matchers of `selector`, each label set once, in any order.
  ///
  /// A series without a sample in `window` may be left out; that is the source's choice. Equal selectors mean the same
  /// series, so a source may keep what it resolved.
  /// - Parameters:
  ///   - window: the times the query will read, in milliseconds since 1970, both ends included.
  ///   - shouldStop: worth asking after every few values a regular expression was tried on. Once it says `true` the
  ///     result no longer matters: return whatever is at hand.
  /// - Throws: a source that cannot answer, e.g. because a block cannot be read. The query fails.
  func select(
    _ selector: SeriesSelector, window: ClosedRange<Int64>, shouldStop: () -> Bool
  ) throws(SeriesSourceError) -> any SelectedSeries
}

/// The series of one selector, in a fixed order.
public protocol SelectedSeries {
  var count: Int { get }

  /// Labels of the series at `index`, including its name.
  func labels(at index: Int) -> Labels

  /// Appends the samples of the series at `index` that lie in `window` to `samples`, which is empty, in order of time.
  /// Decode straight into the buffer: it is the memory the functions read. Stale markers are samples.
  func load(_ index: Int, window: ClosedRange<Int64>, into samples: inout SampleBuffer) throws(SeriesSourceError)

  /// The last sample of the series at `index` in `window`, a stale marker included. An instant query asks for nothing
  /// else, so a source that keeps the last sample at hand should answer from it.
  func latest(_ index: Int, window: ClosedRange<Int64>) throws(SeriesSourceError) -> Sample?
}

extension SelectedSeries {
  /// Decodes the whole window for its last sample.
  public func latest(_ index: Int, window: ClosedRange<Int64>) throws(SeriesSourceError) -> Sample? {
    var samples = SampleBuffer()
    try load(index, window: window, into: &samples)
    return samples.last
  }
}

/// Why a source could not answer, for a person.
public struct SeriesSourceError: Error, Equatable {
  public let message: String

  public init(_ message: String) {
    self.message = message
  }
}

/// A value at a time.
@frozen
public struct Sample: Equatable, Sendable {
  /// Milliseconds since 1970.
  public var timestamp: Int64
  public var value: Double

  @inlinable
  public init(timestamp: Int64, value: Double) {
    self.timestamp = timestamp
    self.value = value
  }
}
