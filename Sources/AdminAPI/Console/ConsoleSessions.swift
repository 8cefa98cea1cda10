package import ControlModel
import Synchronization
import Telemetry

/// Signed-in browsers. A session is a random name for a token that stays on this side: no token is ever in a page, a URL
/// or a script's reach.
package final class ConsoleSessions: Sendable {
  private struct Session {
    let token: [UInt8]
    let until: WallTime
  }

  private struct State {
    var sessions: [String: Session] = [:]
  }

  /// Open sessions; past it those that end first make room.
  package static let sessionsMax = 1_000

  private let state = Mutex(State())
  private let now: @Sendable () -> WallTime
  private let secret: @Sendable () -> [UInt8]
  /// Sign-in links of the demo: key → token.
  private let keys: Mutex<[String: String]>

  /// - Parameters:
  ///   - secret: 32 unpredictable bytes, anew at each call.
  package init(
    keys: [String: String] = [:], now: @escaping @Sendable () -> WallTime, secret: @escaping @Sendable () -> [UInt8]
  ) {
    self.keys = Mutex(keys)
    self.now = now
    self.secret = secret
  }

  /// Opens a session for a token that was verified; it ends when the token does.
  func open(_ token: String, until: WallTime) -> String {
    let name = Hex.text(secret())
    let now = now()
    state.withLock { state in
      state.sessions = state.sessions.filter { $0.value.until > now }
      while state.sessions.count >= Self.sessionsMax,
        let first = state.sessions.min(by: { $0.value.until < $1.value.until })?.key
      {
        state.sessions[first] = nil
      }
      state.sessions[name] = Session(token: Array(token.utf8), until: until)
    }
    return name
  }

  func close(_ name: String) { state.withLock { $0.sessions[name] = nil } }

  /// The token behind a session; nil when there is none or it has ended.
  package func token(_ name: String) -> [UInt8]? {
    let now = now()
    return state.withLock { state in
      guard let session = state.sessions[name], session.until > now else { return nil }
      return session.token
    }
  }

  /// The token a demo sign-in link stands for.
  func token(forKey key: String) -> String? { keys.withLock { $0[key] } }

  package func setKeys(_ new: [String: String]) { keys.withLock { $0 = new } }
}
