import NIOCore

/// Finds the end of a body in the bytes of a connection and hands out its content, decoding chunks (RFC 9112 §7.1).
/// Pure; extensions are ignored within a bound and trailers are dropped.
struct BodyReader {
  enum Step {
    /// Content, a slice of the buffer it was read from.
    case content(ByteBuffer)
    case end
    case needsMore
  }

  private enum State {
    case length(Int)
    case untilClose
    case chunkSize
    case chunkData(Int)
    case chunkEnd
    case trailers(bytes: Int)
    case done
  }

  private var state: State

  /// Longest chunk-size line, its extension included.
  static let chunkLineBytesMax = 256
  static let trailerBytesMax = 4096

  init(_ framing: BodyFraming) {
    state =
      switch framing {
      case .none: .done
      case .length(let count): .length(count)
      case .chunked: .chunkSize
      case .untilClose: .untilClose
      }
  }

  var isAtEnd: Bool {
    if case .done = state { true } else { false }
  }

  /// Whether closing the connection is the regular end.
  var isUntilClose: Bool {
    if case .untilClose = state { true } else { false }
  }

  /// Bytes known to be still to come; nil when only the end will tell.
  var remaining: Int? {
    switch state {
    case .done: 0
    case .length(let count): count
    default: nil
    }
  }

  /// The next piece found in `buffer`, whose read bytes are consumed. Call again until it answers `needsMore` or `end`.
  mutating func next(_ buffer: inout ByteBuffer) throws(HeadProblem) -> Step {
    while true {
      switch state {
      case .done: return .end
      case .untilClose:
        guard let content = take(Int.max, from: &buffer) else { return .needsMore }
        return .content(content)
      case .length(let remaining):
        guard remaining > 0 else {
          state = .done
          continue
        }
        guard let content = take(remaining, from: &buffer) else { return .needsMore }
        let left = remaining - content.readableBytes
        state = left == 0 ? .done : .length(left)
        return .content(content)
      case .chunkSize:
        guard let line = try line(&buffer, longest: Self.chunkLineBytesMax, tooLong: .chunkExtension) else {
          return .needsMore
        }
        let size = try Self.chunkSize(line)
        state = size == 0 ? .trailers(bytes: 0) : .chunkData(size)
      case .chunkData(let remaining):
        guard let content = take(remaining, from: &buffer) else { return .needsMore }
        let left = remaining - content.readableBytes
        state = left == 0 ? .chunkEnd : .chunkData(left)
        return .content(content)
      case .chunkEnd:
        guard buffer.readableBytes >= 2 else { return .needsMore }
        guard buffer.readInteger(as: UInt16.self) == 0x0d0a else { throw .chunk }
        state = .chunkSize
      case .trailers(let bytes):
        guard let line = try line(&buffer, longest: Self.trailerBytesMax - bytes, tooLong: .trailer) else {
          return .needsMore
        }
        if line.readableBytes == 0 {
          state = .done
        } else {
          let view = line.readableBytesView
          guard let mark = view.firstIndex(of: colon), mark > view.startIndex,
            view[view.startIndex..<mark].allSatisfy(ByteScan.isToken)
          else { throw .trailer }
          state = .trailers(bytes: bytes + line.readableBytes + 2)
        }
      }
    }
  }

  private func take(_ most: Int, from buffer: inout ByteBuffer) -> ByteBuffer? {
    let count = min(most, buffer.readableBytes)
    return count == 0 ? nil : buffer.readSlice(length: count)
  }

  /// A line without its CRLF; nil while incomplete. A bare CR, LF or control in it is malformed.
  private func line(
    _ buffer: inout ByteBuffer, longest: Int, tooLong: HeadProblem
  ) throws(HeadProblem) -> ByteBuffer? {
    let malformed: HeadProblem = tooLong == .trailer ? .trailer : .chunk
    guard let end = try Self.lineEnd(buffer.readableBytesUInt8Span, longest, tooLong, malformed) else { return nil }
    let line = buffer.readSlice(length: end)
    buffer.moveReaderIndex(forwardBy: 2)
    return line
  }

  private static func lineEnd(
    _ bytes: Span<UInt8>, _ longest: Int, _ tooLong: HeadProblem, _ malformed: HeadProblem
  ) throws(HeadProblem) -> Int? {
    let end = ByteScan.firstControl(in: bytes, from: 0)
    if end > longest { throw tooLong }
    guard end + 1 < bytes.count else {
      guard end == bytes.count || bytes[end] == carriageReturn else { throw malformed }
      return nil
    }
    guard bytes[end] == carriageReturn, bytes[end + 1] == lineFeed else { throw malformed }
    return end
  }

  /// `1*HEXDIG [ chunk-ext ]`; no space is tolerated before the size, at most 15 digits.
  private static func chunkSize(_ line: ByteBuffer) throws(HeadProblem) -> Int {
    let bytes = line.readableBytesUInt8Span
    var size = 0
    var index = 0
    while index < bytes.count, let digit = TargetSyntax.hexDigit(bytes[index]) {
      guard index < 15 else { throw .chunk }
      size = size << 4 | Int(digit)
      index += 1
    }
    guard index > 0 else { throw .chunk }
    guard index == bytes.count || bytes[index] == UInt8(ascii: ";") else { throw .chunk }
    return size
  }
}
