/// Where notifications go.
package struct Receiver: Sendable, Equatable {
  package let name: String
  package let webhook: String

  package init(name: String, webhook: String) {
    self.name = name
    self.webhook = webhook
  }
}
