/// Follows the frames of one direction (RFC 6455 §5.2) far enough to know where one ends: only there may a frame of ours
/// be put in. Looks at heads alone.
struct WebSocketFrames {
  private enum State {
    case start
    case length
    /// Bytes of an extended length still to come, and what has come of it.
    case extended(Int, UInt64)
    case mask(Int)
    case payload
  }

  private var state = State.start
  private var isMasked = false
  private var left: UInt64 = 0

  /// Whether everything read so far is whole frames.
  var isAtEnd: Bool {
    if case .start = state { true } else { false }
  }

  mutating func read(_ bytes: Span<UInt8>) {
    var index = 0
    while index < bytes.count {
      if case .payload = state {
        let count = min(left, UInt64(bytes.count - index))
        left -= count
        index += Int(count)
        if left == 0 { state = .start }
        continue
      }
      readHead(bytes[index])
      index += 1
    }
  }

  private mutating func readHead(_ byte: UInt8) {
    switch state {
    case .start: state = .length
    case .length:
      isMasked = byte & 0x80 != 0
      switch byte & 0x7f {
      case 126: state = .extended(2, 0)
      case 127: state = .extended(8, 0)
      case let length: begin(UInt64(length))
      }
    case .extended(let count, let value):
      let value = value << 8 | UInt64(byte)
      if count == 1 { begin(value) } else { state = .extended(count - 1, value) }
    case .mask(let count): state = count == 1 ? (left == 0 ? .start : .payload) : .mask(count - 1)
    case .payload: break
    }
  }

  private mutating func begin(_ length: UInt64) {
    left = length
    state = isMasked ? .mask(4) : length == 0 ? .start : .payload
  }

  /// A Close frame of a server, and of a client with an all-zero mask (RFC 6455 §5.5.1).
  static func close(_ code: UInt16, isMasked: Bool) -> [UInt8] {
    [0x88, isMasked ? 0x82 : 0x02] + (isMasked ? [0, 0, 0, 0] : []) + [UInt8(code >> 8), UInt8(code & 0xff)]
  }
}
