import NIOCore
import NIOHPACK

/// An HTTP/2 client whose every frame a test decides. Answers SETTINGS and PING by itself, as every client does, and gives
/// the other side as much window as it asks for unless told otherwise.
final class HTTP2Client {
  struct Frame {
    enum Kind: UInt8 {
      case data, headers, priority, reset, settings, pushPromise, ping, goAway, windowUpdate, continuation
    }

    var kind: Kind
    var flags: UInt8 = 0
    var stream = 0
    var payload: [UInt8] = []

    static let endStream: UInt8 = 1
    static let endHeaders: UInt8 = 4
    static let ack: UInt8 = 1
  }

  struct Answer {
    var status = 0
    /// Statuses before the last one.
    var interim: [Int] = []
    var fields: [(name: String, value: String)] = []
    var body: [UInt8] = []
    /// The error code of the reset that ended the stream, if one did.
    var reset: UInt32?

    var text: String { String(decoding: body, as: UTF8.self) }
    func only(_ name: String) -> String? {
      let found = fields.filter { $0.name == name }
      return found.count == 1 ? found[0].value : nil
    }
  }

  let connection: RawConnection
  /// Whether windows are opened again for what was received.
  var opensWindows = true
  /// Frames about streams nobody has asked for yet.
  private var waiting: [Frame] = []
  private var encoder = HPACKEncoder(allocator: ByteBufferAllocator())
  private var decoder = HPACKDecoder(allocator: ByteBufferAllocator())
  /// GOAWAY frames: last stream and error code.
  private(set) var goAways: [(last: UInt32, code: UInt32)] = []

  private init(_ connection: RawConnection) {
    self.connection = connection
  }

  static func connect(to gateway: TestGateway, settings: [(UInt16, UInt32)] = []) async throws -> HTTP2Client {
    let tls = TestTLS.client(protocols: ["h2"])
    let client = HTTP2Client(try await RawConnection.connect(to: gateway.publicPort, tls: tls))
    try await client.connection.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
    try await client.send(
      Frame(kind: .settings, payload: settings.flatMap { bigEndian($0.0) + bigEndian($0.1) }))
    return client
  }

  // MARK: Sending

  func send(_ frames: Frame...) async throws { try await send(frames) }

  func send(_ frames: [Frame]) async throws { try await connection.send(frames.flatMap(Self.bytes)) }

  static func bytes(_ frame: Frame) -> [UInt8] {
    let length = UInt32(frame.payload.count)
    return Array(Self.bigEndian(length).dropFirst()) + [frame.kind.rawValue, frame.flags]
      + bigEndian(UInt32(frame.stream)) + frame.payload
  }

  static func bigEndian(_ value: some FixedWidthInteger) -> [UInt8] { withUnsafeBytes(of: value.bigEndian, Array.init) }

  func block(_ fields: [(String, String)]) throws -> [UInt8] {
    try encoder.beginEncoding(allocator: ByteBufferAllocator())
    try encoder.append(headers: HPACKHeaders(fields))
    return Array(try encoder.endEncoding().readableBytesView)
  }

  static func get(_ path: String, _ more: (String, String)...) -> [(String, String)] {
    [(":method", "GET"), (":scheme", "https"), (":authority", "gateway.test"), (":path", path)] + more
  }

  static func post(_ path: String, _ more: (String, String)...) -> [(String, String)] {
    [(":method", "POST"), (":scheme", "https"), (":authority", "gateway.test"), (":path", path)] + more
  }

  /// Opens a stream with one HEADERS frame.
  func request(_ stream: Int, _ fields: [(String, String)], isEnd: Bool = true) async throws {
    let flags = Frame.endHeaders | (isEnd ? Frame.endStream : 0)
    try await send(Frame(kind: .headers, flags: flags, stream: stream, payload: try block(fields)))
  }

  func data(_ stream: Int, _ bytes: [UInt8], isEnd: Bool = false) async throws {
    try await send(Frame(kind: .data, flags: isEnd ? Frame.endStream : 0, stream: stream, payload: bytes))
  }

  // MARK: Receiving

  /// The next frame about `stream`.
  func frame(on stream: Int) async throws -> Frame {
    while true {
      if let index = waiting.firstIndex(where: { $0.stream == stream }) { return waiting.remove(at: index) }
      waiting.append(try await next())
    }
  }

  /// Reads frames until a GOAWAY has come or the connection is closed.
  func goAway() async throws -> (last: UInt32, code: UInt32)? {
    let count = goAways.count
    while goAways.count == count { waiting.append(try await next()) }
    return goAways.last
  }

  /// Reads away whatever comes until the connection is closed.
  func readToEnd() async throws {
    while true {
      do { waiting.append(try await next()) } catch { return }
    }
  }

  /// The next frame that belongs to a stream.
  private func next() async throws -> Frame {
    while true {
      let head = try await connection.take(9)
      guard head.count == 9, let kind = Frame.Kind(rawValue: head[3]) else {
        throw NotInTime(what: "a frame; the connection is closed", limit: .zero)
      }
      let length = Int(head[0]) << 16 | Int(head[1]) << 8 | Int(head[2])
      let payload = try await connection.take(length)
      let stream = Int(head[5] & 0x7f) << 24 | Int(head[6]) << 16 | Int(head[7]) << 8 | Int(head[8])
      let frame = Frame(kind: kind, flags: head[4], stream: stream, payload: payload)
      switch kind {
      case .settings where frame.flags & Frame.ack == 0: try await send(Frame(kind: .settings, flags: Frame.ack))
      case .ping where frame.flags & Frame.ack == 0:
        try await send(Frame(kind: .ping, flags: Frame.ack, payload: payload))
      case .goAway:
        let numbers = (0..<2).map { i in payload[(i * 4)..<(i * 4 + 4)].reduce(UInt32(0)) { $0 << 8 | UInt32($1) } }
        goAways.append((numbers[0], numbers[1]))
        return frame
      case .data where opensWindows && !payload.isEmpty:
        let increment = Self.bigEndian(UInt32(payload.count))
        var updates = [Frame(kind: .windowUpdate, payload: increment)]
        if frame.flags & Frame.endStream == 0 {
          updates.append(Frame(kind: .windowUpdate, stream: stream, payload: increment))
        }
        try await send(updates)
        return frame
      case .settings, .ping, .windowUpdate: break
      default: return frame
      }
    }
  }

  /// The whole answer on a stream.
  func answer(_ stream: Int) async throws -> Answer {
    var answer = Answer()
    while true {
      let frame = try await frame(on: stream)
      switch frame.kind {
      case .headers:
        var block = ByteBuffer(bytes: frame.payload)
        let fields = try decoder.decodeHeaders(from: &block)
        if answer.status != 0 { answer.interim.append(answer.status) }
        answer.status = fields.first(name: ":status").flatMap { Int($0) } ?? 0
        answer.fields = fields.map { ($0.name, $0.value) }
      case .data: answer.body += frame.payload
      case .reset:
        answer.reset = frame.payload.reduce(0) { $0 << 8 | UInt32($1) }
        return answer
      default: continue
      }
      if frame.flags & Frame.endStream != 0 { return answer }
    }
  }
}
