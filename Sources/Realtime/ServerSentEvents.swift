package import NIOCore
import Synchronization

/// Bus events as `text/event-stream` (WHATWG HTML §9.2).
package enum ServerSentEvents {
  package static let contentType = "text/event-stream"

  /// `id:` lets a browser resume; `data` is one line of JSON, whatever space its author put between the tokens: a line end
  /// in it would end the event.
  package static func encode(_ event: BusEvent) -> ByteBuffer {
    var buffer = ByteBuffer()
    buffer.writeString(
      "id: \(event.sequence)\nevent: \(event.name)\ndata: {\"v\":1,\"seq\":\(event.sequence),\"ts\":\"\(event.at)\"")
    if let requestID = event.requestID { buffer.writeString(",\"requestId\":\"\(requestID)\"") }
    buffer.writeString(",\"data\":")
    buffer.writeBytes(event.data.lazy.map { $0 == lineFeed || $0 == carriageReturn ? UInt8(ascii: " ") : $0 })
    buffer.writeString("}\n\n")
    return buffer
  }

  /// Sent first: how long to wait before reconnecting, and a comment that opens the stream in every browser.
  package static let preamble = ByteBuffer(string: ": breakwater\nretry: 1000\n\n")

  /// The subscription as pieces of one response, pulled as the connection takes them: what a slow reader cannot take
  /// waits, bounded, in its subscription.
  package static func stream(_ subscription: Subscription, first: [ByteBuffer]) -> AsyncStream<ByteBuffer> {
    let opening = Mutex([preamble] + first)
    return AsyncStream {
      if let piece = opening.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) { return piece }
      return await subscription.next().map(encode)
    } onCancel: {
      subscription.close()
    }
  }
}

private let lineFeed = UInt8(ascii: "\n")
private let carriageReturn = UInt8(ascii: "\r")
