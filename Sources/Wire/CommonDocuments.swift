/// Money as a decimal string with its currency.
package struct MoneyDocument: Codable, Sendable {
  package var amount: String
  package var currency: String

  package init(amount: String, currency: String) {
    self.amount = amount
    self.currency = currency
  }
}

/// One page of a list. `next` is passed back as `before` for the following page.
package struct Page<Item: Codable & Sendable>: Codable, Sendable {
  package var items: [Item]
  package var next: String?

  package init(items: [Item], next: String? = nil) {
    self.items = items
    self.next = next
  }
}

/// A refusal as clients read it (RFC 9457).
package struct ProblemDetails: Codable, Sendable {
  package var type: String?
  package var title: String
  package var status: Int
  package var detail: String
  package var code: String
  package var requestId: String?
  package var retryAfter: Int?
  package var errors: [ProblemField]?

  package init(
    type: String? = nil, title: String, status: Int, detail: String, code: String, requestId: String? = nil,
    retryAfter: Int? = nil, errors: [ProblemField]? = nil
  ) {
    self.type = type
    self.title = title
    self.status = status
    self.detail = detail
    self.code = code
    self.requestId = requestId
    self.retryAfter = retryAfter
    self.errors = errors
  }
}

/// One wrong field.
package struct ProblemField: Codable, Sendable {
  package var field: String
  package var problem: String

  package init(field: String, problem: String) {
    self.field = field
    self.problem = problem
  }
}
