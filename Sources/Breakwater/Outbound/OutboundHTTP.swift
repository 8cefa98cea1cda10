import Alerting
import AsyncHTTPClient
import MetricStore
import NIOCore
import NIOHTTP1

/// Calls Breakwater makes itself: signing keys and webhooks. Rare, bounded, without redirects.
enum OutboundHTTP {
  /// One for the process and never shut down: nothing has to be closed on the way out of a start that failed.
  private static let client: HTTPClient = {
    var configuration = HTTPClient.Configuration()
    configuration.redirectConfiguration = .disallow
    configuration.timeout.connect = .seconds(1)
    configuration.connectionPool.retryConnectionEstablishment = false
    return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
  }()

  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  /// The body of a GET, at most `bytesMax`. Throws unless the answer is 200.
  static func get(_ url: String, within limit: Duration, bytesMax: Int) async throws -> [UInt8] {
    let request = HTTPClientRequest(url: url)
    let response = try await client.execute(request, timeout: .nanoseconds(limit.wholeNanoseconds))
    guard response.status == .ok else { throw Failure(description: "\(url) answered \(response.status.code)") }
    return Array((try await response.body.collect(upTo: bytesMax)).readableBytesView)
  }

  /// Sends a message to its receiver. Throws unless it was taken.
  static func deliver(_ message: OutboundMessage) async throws {
    switch message {
    case .http(let url, let fields, let body): try await post(url, fields, body, within: .seconds(5))
    case .email(let mail, let mailbox): try await SMTPClient.send(mail, to: mailbox)
    }
  }

  /// One attempt to hand samples over, snappy-compressed remote_write 1.0.
  static func remoteWrite(_ url: String, _ body: [UInt8]) async -> MetricForwarding.Answer {
    var request = HTTPClientRequest(url: url)
    request.method = .POST
    request.headers.add(name: "Content-Type", value: "application/x-protobuf")
    request.headers.add(name: "Content-Encoding", value: "snappy")
    request.headers.add(name: "X-Prometheus-Remote-Write-Version", value: "0.1.0")
    request.body = .bytes(ByteBuffer(bytes: body))
    guard let response = try? await client.execute(request, timeout: .seconds(10)) else { return .later }
    _ = try? await response.body.collect(upTo: 64 * 1024)
    switch response.status.code {
    case 200..<300: return .taken
    case 429, 500...: return .later
    default: return .refused
    }
  }

  /// Posts JSON. Throws unless the answer is 2xx.
  private static func post(
    _ url: String, _ fields: [(name: String, value: String)], _ body: [UInt8], within limit: Duration
  ) async throws {
    var request = HTTPClientRequest(url: url)
    request.method = .POST
    request.headers.add(name: "Content-Type", value: "application/json")
    for field in fields { request.headers.add(name: field.name, value: field.value) }
    request.body = .bytes(ByteBuffer(bytes: body))
    let response = try await client.execute(request, timeout: .nanoseconds(limit.wholeNanoseconds))
    let answer = try await response.body.collect(upTo: 64 * 1024)
    guard (200..<300).contains(response.status.code) else {
      let words = String(decoding: answer.readableBytesView.prefix(200), as: UTF8.self)
      throw Failure(description: "the receiver answered \(response.status.code): \(words)")
    }
  }
}

extension Duration {
  var wholeNanoseconds: Int64 { components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000 }
}
