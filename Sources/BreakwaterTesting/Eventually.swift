/// Asks again and again until `condition` holds, for at most `limit` of real time; false when it never did. It asks less and
/// less often, so that many who wait do not keep the machine from what they wait for.
package func eventually(
  within limit: Duration = .seconds(120), _ condition: () async throws -> Bool
) async rethrows -> Bool {
  let clock = ContinuousClock()
  let end = clock.now + limit
  var pause = Duration.milliseconds(2)
  while true {
    if try await condition() { return true }
    guard clock.now < end else { return false }
    try? await Task.sleep(for: pause)
    pause = min(pause * 3 / 2, .milliseconds(50))
  }
}
