// public: every refused request constructs one; typed throws keep that to a few nanoseconds.

/// Why we did not do what was asked: one closed list, so that a client can act on `code` and an operator can read `detail`.
///
/// We *refuse*; an upstream *fails*; a venue *rejects*.
public struct Refusal: Error, Equatable, Sendable {
  public let code: RefusalCode
  /// One sentence for a person: what was refused, why, and the next step. Never a token, a body or a secret.
  public let detail: String
  /// When trying again can help, in whole seconds; sent as `Retry-After`.
  public let retryAfterSeconds: Int?
  /// Which fields were wrong, for `request.invalid`.
  public let fields: [FieldProblem]

  @inlinable
  public init(_ code: RefusalCode, _ detail: String, retryAfterSeconds: Int? = nil, fields: [FieldProblem] = []) {
    self.code = code
    self.detail = detail
    self.retryAfterSeconds = retryAfterSeconds
    self.fields = fields
  }
}

/// One wrong field of a request or a file: where, and what is allowed.
public struct FieldProblem: Equatable, Sendable {
  /// JSON pointer or dotted key, e.g. `reason`, `limits.tenant.rate`.
  public let field: String
  public let problem: String

  public init(_ field: String, _ problem: String) {
    self.field = field
    self.problem = problem
  }
}
