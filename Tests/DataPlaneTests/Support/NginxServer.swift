import BreakwaterTesting
import Foundation
import NIOCore
import NIOPosix

/// A real nginx with a folder of its own, on a port that was free a moment ago.
final class NginxServer {
  let port: Int
  let folder: TemporaryFolder
  private let process: Spawned

  static let executable = ["/usr/sbin/nginx", "/usr/local/sbin/nginx", "/usr/bin/nginx", "/usr/local/bin/nginx"]
    .first { FileManager.default.isExecutableFile(atPath: $0) }

  /// Serves `files` below `/open/`; `/open/served` tells how many requests its connection has carried, `/open/echo` what
  /// it got.
  static func start(files: [String: [UInt8]]) async throws -> NginxServer {
    var problem: (any Error)?
    for _ in 0..<5 {
      do { return try await NginxServer(port: freePort(), files: files) } catch { problem = error }
    }
    throw problem ?? NotInTime(what: "nginx", limit: .zero)
  }

  private init(port: Int, files: [String: [UInt8]]) async throws {
    guard let executable = Self.executable else { throw NotInTime(what: "nginx is installed", limit: .zero) }
    self.port = port
    folder = try TemporaryFolder()
    try FileManager.default.createDirectory(atPath: folder.file("open"), withIntermediateDirectories: true)
    for (name, bytes) in files { try Data(bytes).write(to: URL(fileURLWithPath: folder.file("open/\(name)"))) }
    // A worker may run as another user, who must be able to read the folder.
    for path in [folder.path, folder.file("open")] {
      try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    }
    try Self.configuration(port: port, folder: folder).write(
      toFile: folder.file("nginx.conf"), atomically: true, encoding: .utf8)
    process = try Spawned(
      executable, ["-c", folder.file("nginx.conf"), "-e", folder.file("error.log"), "-g", "daemon off;"])
    let process = process
    var isUp = false
    defer { if !isUp { process.signal(SIGTERM) } }
    let name = folder.path
    try await waitUntil("nginx listens on \(port)") {
      guard process.isRunning else { throw NotInTime(what: "nginx started", limit: .zero) }
      return try await Self.isServing(name, on: port)
    }
    isUp = true
  }

  func stop() {
    process.signal(SIGTERM)
    process.wait()
  }

  /// Whether it is this nginx that answers: another test may have been given the port meanwhile.
  private static func isServing(_ name: String, on port: Int) async throws -> Bool {
    guard let probe = try? await RawConnection.connect(to: port) else { return false }
    try await probe.send("GET /who HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    try await probe.closed()
    let isOurs = probe.text.hasSuffix(name)
    await probe.close()
    guard isOurs else { throw NotInTime(what: "a port for nginx", limit: .zero) }
    return true
  }

  private static func freePort() async throws -> Int {
    let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
      .bind(host: "127.0.0.1", port: 0).get()
    let port = channel.localAddress?.port ?? 0
    try await channel.close().get()
    return port
  }

  private static func configuration(port: Int, folder: TemporaryFolder) -> String {
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
      .map { "  \($0)_temp_path \(folder.file("temp_\($0)"));" }.joined(separator: "\n")
    return """
      worker_processes 1;
      pid \(folder.file("nginx.pid"));
      events { worker_connections 256; }
      http {
      \(temporary)
        access_log off;
        keepalive_timeout 75s;
        keepalive_requests 1000;
        gzip on;
        gzip_proxied any;
        gzip_min_length 100;
        gzip_types text/plain application/octet-stream;
        client_max_body_size 1m;
        server {
          listen 127.0.0.1:\(port);
          root \(folder.path);
          location = /who { default_type text/plain; return 200 "\(folder.path)"; }
          location = /open/served { default_type text/plain; return 200 "$connection:$connection_requests"; }
          location = /open/echo {
            default_type text/plain;
            return 200 "$http_x_tenant_id|$http_x_request_id|$http_host|$request_uri|$http_authorization";
          }
          location = /open/old { return 301 /open/served; }
        }
      }
      """
  }
}
