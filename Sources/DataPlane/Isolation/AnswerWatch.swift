import ControlModel
import Identity
import NIOCore

/// Watches one answer on its way to a client: passes it on while it is clean, and under `enforce` only once it is known to
/// be. Reused from answer to answer on its event loop.
///
/// Under `enforce` the head and the first `holdBytesMax` of content wait until the end is seen, so that what leaks and fits
/// is refused with nothing of it sent. Server-sent events and lines of JSON are judged one by one instead. A longer answer
/// goes out as it is judged; if it leaks after all, the connection is cut and the route's answers are held whole, up to
/// `trippedBytesMax`, for a while.
final class AnswerWatch {
  /// What to do now.
  enum Step {
    /// Nothing yet.
    case hold
    /// Send the head if it has not been, then the content if there is any.
    case pass(ByteBuffer?)
    /// It must not go on.
    case refuse(Refusal)
  }

  /// An answer head that waits.
  struct Head {
    let answer: ResponseHead
    let fields: [Field]
    let bytes: ByteBuffer
  }

  private(set) var mode = GuardMode.off
  private let policy: IsolationPolicy
  let snapshotVersion: Int
  private var reader: AnswerReader
  private var format = AnswerFormat.text
  /// What was found, at most once an answer, until it is taken to be told.
  private var finding: TenantFinding?
  private var hasFound = false
  private var head: Head?
  private var held = ByteBuffer()
  /// Of an answer whose route has leaked lately.
  private var isTripped = false
  /// More has been sent than can be taken back.
  private(set) var isStreaming = false

  /// - Parameter snapshotVersion: of the configuration the policy is from.
  init(_ policy: IsolationPolicy, _ snapshotVersion: Int) {
    self.policy = policy
    self.snapshotVersion = snapshotVersion
    reader = AnswerReader(policy.answerKeys)
  }

  /// Starts with an answer's head. The caller then gives the content, if some came with it, to `content`.
  func begin(_ head: Head, _ mode: GuardMode, own: [UInt8], isTripped: Bool) -> Step {
    self.mode = mode
    self.isTripped = isTripped
    finding = nil
    hasFound = false
    isStreaming = false
    held = ByteBuffer()
    let span = head.bytes.readableBytesUInt8Span
    format = AnswerFormat(head.answer.status, head.fields, span)
    reader.begin(format, own: own)
    reader.read(head: span.extracting(0..<head.answer.length))
    var finding = reader.finding ?? Self.foreignHeader(head.fields, span, own: own)
    if finding == nil, case .unreadable(let why) = format, head.answer.framing != .none {
      finding = TenantFinding(kind: .unreadable, place: why)
    }
    if let finding, let refusal = judge(finding) { return .refuse(refusal) }
    guard mode == .enforce, head.answer.framing != .none else { return .pass(nil) }
    self.head = head
    // Whoever opened a stream waits for its head, not for its first event.
    return format == .events ? .pass(nil) : .hold
  }

  /// Takes the head that waits, to be written.
  func takeHead() -> Head? {
    defer { head = nil }
    return head
  }

  /// More content.
  func content(_ piece: ByteBuffer) -> Step {
    if !hasFound {
      reader.read(piece)
      if let finding = reader.finding, let refusal = judge(finding) { return .refuse(refusal) }
    }
    guard mode == .enforce, !isStreaming else { return .pass(piece) }
    let judged = reader.judgedBytes > 0 ? held.readableBytes + reader.judgedBytes : 0
    if held.readableBytes == 0 { held = piece } else { held.writeImmutableBuffer(piece) }
    if judged > 0 { return .pass(held.readSlice(length: judged)) }
    let bytesMax = isTripped ? policy.trippedBytesMax : policy.holdBytesMax
    guard held.readableBytes > bytesMax else { return .hold }
    if isTripped {
      let finding = TenantFinding(
        kind: .unreadable, place: "longer than the \(bytesMax) bytes held while its route is under suspicion")
      if let refusal = judge(finding) { return .refuse(refusal) }
    }
    // Events and lines go on being judged one by one.
    isStreaming = format != .events && format != .lines
    return .pass(takeHeld())
  }

  /// The content has ended.
  func end() -> Step {
    if !hasFound {
      reader.end()
      if let finding = reader.finding, let refusal = judge(finding) { return .refuse(refusal) }
    }
    guard mode == .enforce else { return .pass(nil) }
    return .pass(takeHeld())
  }

  /// What has been found, once.
  func takeFinding() -> TenantFinding? {
    defer { finding = nil }
    return finding
  }

  /// Lets go of what belongs to one exchange.
  func finish() {
    finding = nil
    head = nil
    held = ByteBuffer()
    reader.forget()
  }

  private func takeHeld() -> ByteBuffer? {
    defer { held = ByteBuffer() }
    return held.readableBytes > 0 ? held : nil
  }

  /// Keeps a finding; the refusal under `enforce`.
  private func judge(_ finding: TenantFinding) -> Refusal? {
    hasFound = true
    self.finding = finding
    guard mode == .enforce else { return nil }
    let what =
      finding.kind == .unreadable
      ? "could not be checked for other tenants' data" : "held data that is not your tenant's"
    return Refusal(.tenantLeakBlocked, "The upstream's answer \(what), so it was not passed on.")
  }

  /// A field of the answer that says whose it is.
  private static func foreignHeader(_ fields: [Field], _ bytes: Span<UInt8>, own: [UInt8]) -> TenantFinding? {
    for field in fields where field.kind == .other && field.name.count <= 12 {
      guard FieldSyntax.equals(bytes, field.name, "x-tenant-id") || FieldSyntax.equals(bytes, field.name, "x-tenant")
      else { continue }
      let value = Array(copying: bytes.extracting(field.value))
      if value != own { return TenantFinding(.header, "header X-Tenant-Id", found: value) }
    }
    return nil
  }
}
