import NIOCore
import NIOPosix

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Why no answer of an upstream could be passed on, in the words of `Proxy-Status` (RFC 9209 §2.3).
enum ProxyError: String {
  case dnsError = "dns_error"
  case destinationUnavailable = "destination_unavailable"
  case connectionRefused = "connection_refused"
  case connectionTimeout = "connection_timeout"
  case connectionTerminated = "connection_terminated"
  case connectionLimitReached = "connection_limit_reached"
  case connectionWriteTimeout = "connection_write_timeout"
  case httpProtocolError = "http_protocol_error"
  case httpResponseTimeout = "http_response_timeout"
  case httpResponseIncomplete = "http_response_incomplete"

  /// What kept a connection from being opened.
  init(connecting error: any Error) {
    switch error {
    case ChannelError.connectTimeout: self = .connectionTimeout
    case let error as IOError where error.errnoCode == ECONNREFUSED: self = .connectionRefused
    case let error as NIOConnectionError:
      if let first = error.connectionErrors.first {
        self.init(connecting: first.error)
      } else {
        self = .dnsError
      }
    default: self = .destinationUnavailable
    }
  }
}
