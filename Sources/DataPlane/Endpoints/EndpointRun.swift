import ControlModel
import NIOCore
import Telemetry

/// An endpoint at work for one request. Confined to its connection's event loop; only `NIOLoopBound` carries it through
/// the task that runs the handler.
final class EndpointRun {
  let endpoint: Endpoint
  let head: RequestHead
  let bytes: ByteBuffer
  let trafficClass: TrafficClass
  let parameters: [String: String]
  var body = ByteBuffer()
  private let client: ClientConnection
  /// Cancelled by `cancel()` when the client leaves; ends by itself when the reply is sent.
  private var task: Task<Void, Never>?
  /// Waiting for the client to take more of a streamed reply.
  private var resume: CheckedContinuation<Void, Never>?
  private var isStreaming = false

  init(
    _ client: ClientConnection, _ endpoint: Endpoint, _ head: RequestHead, _ bytes: ByteBuffer,
    class trafficClass: TrafficClass, parameters: [String: String]
  ) {
    self.client = client
    self.endpoint = endpoint
    self.head = head
    self.bytes = bytes
    self.trafficClass = trafficClass
    self.parameters = parameters
  }

  enum Admission {
    case unlimited
    case place(Slots.Place)
  }

  /// Runs the handler. The place is given back when the handler has ended, also for a client that left: it is the work that
  /// is bounded.
  func launch(_ call: Call, at admission: Admission) {
    let place: Slots.Place? = if case .place(let place) = admission { place } else { nil }
    let bound = NIOLoopBound(self, eventLoop: client.loop.eventLoop)
    let handle = endpoint.handle
    // Cancelled by `cancel` when the client closes; otherwise it ends with the reply.
    guard let lane = endpoint.lane, lane.enter() else {
      task = Task { await EndpointRun.answer(call, with: handle, at: place, to: bound) }
      return
    }
    task = Task(executorPreference: lane) {
      await EndpointRun.answer(call, with: handle, at: place, to: bound)
      lane.leave()
    }
  }

  private static func answer(
    _ call: Call, with handle: @Sendable (Call) async throws(Refusal) -> Reply, at place: Slots.Place?,
    to bound: NIOLoopBound<EndpointRun>
  ) async {
    let reply: Result<Reply, Refusal>
    do throws(Refusal) {
      reply = .success(try await handle(call))
    } catch {
      reply = .failure(error)
    }
    place?.leave()
    guard let stream = await deliver(reply, to: bound) else { return }
    for await piece in stream {
      guard await deliver(piece, to: bound) else { break }
    }
    bound.eventLoop.execute { bound.value.finishStream() }
  }

  /// The client is gone, or has its answer from somebody else.
  func cancel() {
    task?.cancel()
    clientCanTakeMore()
  }

  /// Ends a stream in good order, e.g. because the process stops; other replies are left to finish.
  func endStream() {
    if isStreaming { cancel() }
  }

  func clientCanTakeMore() {
    resume?.resume()
    resume = nil
  }

  // MARK: Back on the event loop

  private var isCurrent: Bool { client.endpoint === self && client.phase == .answering }

  /// Sends a reply's head and bytes; returns the stream still to be sent, if it has one and the client is there.
  private static func deliver(
    _ reply: Result<Reply, Refusal>, to bound: NIOLoopBound<EndpointRun>
  ) async -> AsyncStream<ByteBuffer>? {
    await withCheckedContinuation { continuation in
      bound.eventLoop.execute { continuation.resume(returning: bound.value.send(reply)) }
    }
  }

  /// Sends one piece of a stream and waits until the client can take more. False when no more is wanted.
  private static func deliver(_ piece: ByteBuffer, to bound: NIOLoopBound<EndpointRun>) async -> Bool {
    await withCheckedContinuation { continuation in
      bound.eventLoop.execute { bound.value.send(piece, then: continuation) }
    }
    return !Task.isCancelled
  }

  private func send(_ reply: Result<Reply, Refusal>) -> AsyncStream<ByteBuffer>? {
    guard isCurrent else { return nil }
    defer { client.flushIfNeeded() }
    switch reply {
    case .success(let reply):
      let stream = client.send(reply)
      isStreaming = stream != nil
      if isStreaming, client.loop.dataPlane.isDraining { cancel() }
      return stream
    case .failure(let refusal):
      client.refuse(refusal)
      return nil
    }
  }

  private func send(_ piece: ByteBuffer, then continuation: CheckedContinuation<Void, Never>) {
    guard isCurrent else { return continuation.resume() }
    client.writeContent(piece, isChunked: !client.exchange.isHTTP10)
    client.flushNow()
    // The flush may have found the connection broken; then this run was cancelled before it could hold the continuation.
    if client.isClientWritable || !isCurrent {
      continuation.resume()
    } else {
      resume = continuation
    }
  }

  private func finishStream() {
    guard isCurrent else { return }
    if !client.exchange.isHTTP10 { client.write(ClientConnection.lastChunk) }
    client.finishExchange(at: client.loop.clocks.monotonic())
    client.flushIfNeeded()
  }
}
