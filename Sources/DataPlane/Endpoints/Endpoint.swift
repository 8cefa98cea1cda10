package import ControlModel
package import Identity
package import NIOCore
package import Telemetry

/// A request answered inside the process. Identity, limits, ids and the access line are done before and after it.
package struct Endpoint: Sendable {
  /// Longest body collected before the handler runs; a longer one is 413.
  package let bodyBytesMax: Int
  /// One line for OpenAPI.
  package let summary: String
  package let handle: @Sendable (Call) async throws(Refusal) -> Reply
  /// Where the handler runs; nil on the threads that everything asynchronous shares.
  let lane: (any EndpointLane)?

  /// Enough for every admin document.
  package static let defaultBodyBytesMax = 64 * 1024

  package init(
    _ summary: String, bodyBytesMax: Int = Endpoint.defaultBodyBytesMax,
    on lane: (any EndpointLane)? = nil, handle: @escaping @Sendable (Call) async throws(Refusal) -> Reply
  ) {
    self.summary = summary
    self.bodyBytesMax = bodyBytesMax
    self.lane = lane
    self.handle = handle
  }
}

/// Threads of their own for endpoints that compute for long. A handler that begins there is handed over twice until its answer
/// leaves; one that goes there from the shared threads, four times. Not for handlers that call actors: what an actor does for
/// them would run here too, and others would wait for it.
package protocol EndpointLane: TaskExecutor {
  /// Whether there is room for one more handler; if not, it runs on the shared threads, where it is to say that it is busy.
  func enter() -> Bool
  /// A handler that was let in has ended.
  func leave()
}

/// One request as its endpoint sees it. Only the pipeline makes one, so `caller` is always authenticated.
package struct Call: Sendable {
  package let method: Method
  package let path: String
  package let parameters: [String: String]
  package let query: Query
  /// Header fields, names in lower case, in the order received.
  package let fields: [(name: String, value: String)]
  package let body: ByteBuffer
  /// Nil only on routes that are open.
  package let caller: Principal?
  package let requestID: RequestID
  package let trace: TraceContext
  package let peer: String
  package let isOnOpsListener: Bool
  /// Whether it came over TLS, to us or to a proxy of ours.
  package let isSecure: Bool

  /// The first value of a field, by lower-case name.
  package func field(_ name: String) -> String? { fields.first { $0.name == name }?.value }
}

/// What an endpoint answers.
package struct Reply: Sendable {
  package enum Body: Sendable {
    case bytes([UInt8])
    /// Sent piece by piece as it is produced; the connection's write buffer holds it back (SSE, exports).
    case stream(AsyncStream<ByteBuffer>)
  }

  package var status: Int
  package var fields: [(name: String, value: String)]
  package var body: Body

  package init(_ status: Int, contentType: String? = nil, fields: [(String, String)] = [], body: Body = .bytes([])) {
    self.status = status
    self.fields = (contentType.map { [("Content-Type", $0)] } ?? []) + fields.map { ($0.0, $0.1) }
    self.body = body
  }
}

/// The parameters of a query string or form body, decoded, in order. At most `pairsMax` are read.
package struct Query: Sendable {
  package let pairs: [(name: String, value: String)]
  package static let pairsMax = 200

  package init(_ bytes: some Sequence<UInt8>) {
    pairs = Array(bytes).split(separator: UInt8(ascii: "&")).prefix(Self.pairsMax).map { pair in
      let parts = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
      return (
        PercentCoding.decoded(parts[0], plusIsSpace: true),
        parts.count > 1 ? PercentCoding.decoded(parts[1], plusIsSpace: true) : ""
      )
    }
  }

  package func first(_ name: String) -> String? { pairs.first { $0.name == name }?.value }
  package func all(_ name: String) -> [String] { pairs.filter { $0.name == name }.map(\.value) }
}
