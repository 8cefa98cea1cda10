/// When fetched keys are fetched again and how long they are trusted. The defaults are the design; tests shorten them.
package struct KeyRefreshSettings: Sendable {
  /// A successful fetch is repeated after this long, give or take `softTTLJitter`, so that replicas do not fetch together.
  package var softTTL: Duration = .seconds(300)
  package var softTTLJitter = 0.1
  /// Keys are trusted this long without a successful fetch; an issuer's outage of hours must not stop trading.
  package var hardTTL: Duration = .seconds(86_400)
  /// After a failure the next try waits `retryMin`, doubling up to `retryMax`.
  package var retryMin: Duration = .seconds(1)
  package var retryMax: Duration = .seconds(60)
  /// An unknown `kid` may cause this many fetches at once and one more per interval: anyone can invent a `kid`.
  package var unknownKeyBurst = 3
  package var unknownKeyInterval: Duration = .seconds(10)
  /// Pause between two such fetches. It spreads the burst over two seconds, so that a key published while someone
  /// floods us with invented ones is still found within one.
  package var unknownKeySpacing: Duration = .milliseconds(750)
  /// How long a `kid` that a fetch did not bring is not asked for again: the first time, the second, and from then on.
  /// Short first, because an issuer may sign a moment before it publishes.
  package var absentKeyPauses: [Duration] = [.seconds(1), .seconds(15), .seconds(60)]
  /// Absent keys remembered; past it the oldest is forgotten.
  package var absentKeysMax = 1024
  /// Requests held while a fetch is under way; past it they are refused at once.
  package var waitersMax = 4096
  /// A fetch that takes longer has failed.
  package var fetchTimeout: Duration = .seconds(2)
  /// How often the refresher looks whether something is due; bounds the delay before a wanted fetch starts.
  package var tick: Duration = .milliseconds(100)

  package init() {}
}
