import BreakwaterTesting

/// Waits until `isDone` holds, for effects that come from other threads; throws `NotInTime`, saying what was waited for.
func waitUntil(
  _ what: @autoclosure () -> String, within limit: Duration = .seconds(60), _ isDone: () async throws -> Bool
) async throws {
  guard try await !eventually(within: limit, isDone) else { return }
  throw NotInTime(what: what(), limit: limit)
}

/// Something a test waited for did not happen.
struct NotInTime: Error, CustomStringConvertible {
  let what: String
  let limit: Duration

  var description: String { "not within \(limit): \(what)" }
}
