import ArgumentParser
import AsyncHTTPClient
import Breakwater
import Foundation
import NIOCore
import NIOHTTP1
import Wire

/// How client commands reach the service.
struct ServerOptions: ParsableArguments {
  @Option(help: "Base URL of the ops listener.")
  var server = ProcessInfo.processInfo.environment["BREAKWATER_SERVER"] ?? "http://127.0.0.1:4019"

  @Option(help: "Access token. Default: the environment variable BREAKWATER_TOKEN.")
  var token: String?

  @Option(name: [.customShort("o"), .long], help: "table, json or yaml.")
  var output: OutputFormat = OutputFormat.fromEnvironment

  var client: APIClient {
    APIClient(server: server, token: token ?? ProcessInfo.processInfo.environment["BREAKWATER_TOKEN"])
  }
}

/// Calls the admin API. One connection per command.
struct APIClient {
  let server: String
  let token: String?

  /// How long one call may take; a stop answers within a second or two even when its store is down, unless it was asked to
  /// wait half a minute until it is settled.
  private static let timeout = TimeAmount.seconds(45)
  private static let bodyBytesMax = 64 * 1024 * 1024

  struct Answer {
    let status: Int
    let body: [UInt8]
    let etag: String?
    let requestID: String?
    /// The path of the next page, when there is one.
    var next: String?

    func decode<Document: Decodable>(_ type: Document.Type) throws -> Document {
      do {
        return try JSONDecoder().decode(type, from: Data(body))
      } catch {
        throw CommandFailure(
          .failed, "the server's answer is not what this version expects (\(error)); compare versions")
      }
    }
  }

  func get(_ path: String) async throws -> Answer { try await call(.GET, path) }

  func delete(_ path: String) async throws -> Answer { try await call(.DELETE, path) }

  /// A call of the Prometheus API, whose errors have Prometheus' shape.
  func prometheus(_ path: String) async throws -> Answer {
    let answer = try await call(.GET, path, accepts: { $0 < 500 })
    guard answer.status >= 400 else { return answer }
    struct Problem: Decodable {
      let error: String
    }
    if let problem = try? JSONDecoder().decode(Problem.self, from: Data(answer.body)) {
      throw CommandFailure(.failed, problem.error)
    }
    throw answer.refused(server)
  }

  /// Posts a JSON document. Commands carry an idempotency key, so that a repeat of the same call cannot act twice.
  func post(
    _ path: String, _ body: some Encodable, ifMatch: String? = nil, prefer: String? = nil
  ) async throws -> Answer {
    try await call(.POST, path, body: [UInt8](try JSONEncoder().encode(body)), ifMatch: ifMatch, prefer: prefer)
  }

  private func call(
    _ method: HTTPMethodName, _ path: String, body: [UInt8]? = nil, ifMatch: String? = nil, prefer: String? = nil,
    accepts: (Int) -> Bool = { $0 < 400 }
  ) async throws -> Answer {
    var request = HTTPClientRequest(url: server + path)
    request.method = .RAW(value: method.rawValue)
    if let token { request.headers.add(name: "Authorization", value: "Bearer \(token)") }
    if let ifMatch { request.headers.add(name: "If-Match", value: ifMatch) }
    if let prefer { request.headers.add(name: "Prefer", value: prefer) }
    if let body {
      request.headers.add(name: "Content-Type", value: "application/json")
      request.headers.add(name: "Idempotency-Key", value: UUID().uuidString)
      request.body = .bytes(ByteBuffer(bytes: body))
    }
    let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: Self.configuration)
    do {
      let response = try await client.execute(request, timeout: Self.timeout)
      let bytes = Array((try await response.body.collect(upTo: Self.bodyBytesMax)).readableBytesView)
      try await client.shutdown()
      var answer = Answer(
        status: Int(response.status.code), body: bytes, etag: response.headers.first(name: "ETag"),
        requestID: response.headers.first(name: "X-Request-ID"))
      answer.next = response.headers.first(name: "Link").flatMap { $0.firstMatch(of: /<([^>]+)>; rel="next"/) }
        .map { String($0.1) }
      guard accepts(answer.status) else { throw answer.refused(server) }
      return answer
    } catch let failure as CommandFailure {
      throw failure
    } catch {
      try? await client.shutdown()
      throw CommandFailure(
        .failed, "\(server) cannot be reached (\(error)). Is the service running? Name it with --server.")
    }
  }

  enum HTTPMethodName: String {
    case GET, POST, DELETE
  }

  private static var configuration: HTTPClient.Configuration {
    var configuration = HTTPClient.Configuration()
    configuration.redirectConfiguration = .disallow
    configuration.connectionPool.retryConnectionEstablishment = false
    configuration.timeout.connect = .seconds(2)
    return configuration
  }

}

extension APIClient.Answer {
  /// The answer of a service on this machine to a stop. Throws as a call over the network does.
  init(local path: String, _ request: ControlRequest) throws {
    let (status, body): (Int, [UInt8])
    do {
      (status, body) = try LocalCaller.call(path, [UInt8](try JSONEncoder().encode(request)))
    } catch {
      throw CommandFailure(.failed, "\(error) Is the service running with this data directory?")
    }
    self.init(status: status, body: body, etag: nil, requestID: nil)
    guard status < 400 else { throw refused(path) }
  }

  func refused(_ server: String) -> CommandFailure {
    guard let problem = try? JSONDecoder().decode(ProblemDetails.self, from: Data(body)) else {
      return CommandFailure(.failed, "\(server) answered \(status) without saying why")
    }
    let fields = (problem.errors ?? []).map { "\n  \($0.field): \($0.problem)" }.joined()
    let trace = problem.requestId.map { "\n  request \($0)" } ?? ""
    let hint = problem.status == 401 ? "\n  Sign in: set BREAKWATER_TOKEN or pass --token." : ""
    return CommandFailure(
      problem.status == 401 ? .signIn : .failed, "\(problem.detail) (\(problem.code))\(fields)\(trace)\(hint)")
  }
}

extension String {
  /// For one segment of a path or one query value.
  var urlEncoded: String {
    addingPercentEncoding(withAllowedCharacters: CharacterSet.alphanumerics.union(CharacterSet(charactersIn: "-._~")))
      ?? ""
  }
}
