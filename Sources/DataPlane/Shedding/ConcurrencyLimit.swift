/// How many requests an upstream should have in flight, learnt from how long it takes to begin its answers: Gradient2 of
/// Netflix' concurrency-limits. While answers take as long as they usually do the limit grows by its square root; when they
/// take longer, requests are queueing somewhere, and it shrinks in proportion.
///
/// A value without a clock; `Slots` shares one over the event loops.
struct ConcurrencyLimit: Equatable, Sendable {
  /// What was seen between two updates.
  struct Window: Equatable, Sendable {
    var answers = 0
    /// Until the first byte of the answer, summed.
    var nanoseconds: Int64 = 0
    /// Requests that ended in a timeout.
    var timeouts = 0
    var inFlightMax = 0

    var isEmpty: Bool { answers == 0 && timeouts == 0 }

    mutating func add(_ other: Window) {
      answers += other.answers
      nanoseconds += other.nanoseconds
      timeouts += other.timeouts
      inFlightMax = max(inFlightMax, other.inFlightMax)
    }
  }

  /// Fewer answers are no measurement.
  static let answersMin = 10
  /// Answers may take this much longer than usual before anything is held back.
  private static let tolerance = 1.5
  /// How much of a change one update makes.
  private static let smoothing = 0.2
  /// Updates the usual time is averaged over, at most: at four a second, two and a half minutes.
  private static let longWindow = 600.0
  private static let start = 200

  let bounds: ClosedRange<Int>
  private(set) var estimate: Double
  private var usual = 0.0
  private var updates = 0.0

  /// Precondition: min ≤ max, both positive.
  init(_ settings: ConcurrencySettings) {
    bounds = settings.min...settings.max
    estimate = Double(min(max(Self.start, settings.min), settings.max))
  }

  var limit: Int { Int(estimate) }

  mutating func update(_ window: Window) {
    guard bounds.lowerBound < bounds.upperBound else { return }
    if window.timeouts * 10 > window.answers {
      set(estimate * 0.9)
    } else if window.answers >= Self.answersMin {
      follow(window)
    }
  }

  private mutating func follow(_ window: Window) {
    let now = Double(max(1, window.nanoseconds)) / Double(window.answers)
    updates += 1
    usual += (now - usual) / min(updates, (Self.longWindow + 1) / 2)
    // After a slow spell the average must not take minutes to come down.
    if usual > 2 * now { usual *= 0.95 }
    // With half of it unused, nothing is learnt about the limit.
    guard Double(window.inFlightMax) >= estimate / 2 else { return }
    let gradient = max(0.5, min(1, Self.tolerance * usual / now))
    let wanted = estimate * gradient + estimate.squareRoot()
    set(estimate * (1 - Self.smoothing) + wanted * Self.smoothing)
  }

  private mutating func set(_ value: Double) {
    estimate = min(max(value, Double(bounds.lowerBound)), Double(bounds.upperBound))
  }
}
