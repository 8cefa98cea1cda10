import ControlModel
import NIOCore

/// How the response guard's verdicts on an answer are carried out.
extension ForwardRun {
  /// False when the answer has been given up.
  func act(on step: AnswerWatch.Step) -> Bool {
    guard let watch else { return false }
    // Told first: whoever has the answer finds what was found in it counted.
    tell(watch)
    switch step {
    case .hold: break
    case .pass(let content):
      if let head = watch.takeHead() {
        begin(head, content)
      } else if let content {
        pass(content)
      }
    case .refuse(let refusal):
      block(refusal)
      return false
    }
    return true
  }

  /// Sends the head now, and the content that came with it as far as it may go.
  func pass(_ head: AnswerWatch.Head, _ first: AnswerWatch.Step?) {
    switch first {
    case .pass(let content): begin(head, content)
    case .refuse(let refusal): block(refusal)
    case .hold, nil: begin(head, nil)
    }
  }

  func begin(_ head: AnswerWatch.Head, _ content: ByteBuffer?) {
    _ = watch?.takeHead()
    answerIsChunked = client.writeAnswerHead(
      head.answer, head.fields, head.bytes.readableBytesUInt8Span, firstContent: content)
    client.flushIfNeeded()
    holdBackIfFull()
  }

  /// Gives the answer up: with a refusal while nothing of it has been sent, else by cutting the connection.
  func block(_ refusal: Refusal) {
    if let watch {
      tell(watch)
      if watch.isStreaming { client.tripRoute() }
    }
    fail(refusal, nil)
  }

  func tell(_ watch: AnswerWatch) {
    if let finding = watch.takeFinding() { client.loop.record(finding, of: client.exchange) }
  }

  func release(_ watch: AnswerWatch) {
    self.watch = nil
    client.loop.giveBack(watch)
  }
}
