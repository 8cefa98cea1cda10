/// A message ready to be sent, in its receiver's own format.
package enum OutboundMessage: Sendable {
  /// A POST of JSON; 2xx is taken.
  case http(url: String, fields: [(name: String, value: String)], body: [UInt8])
  case email(EmailMessage, Receiver.Mailbox)

  /// - Parameter externalURL: where people reach this installation, for links.
  package init(_ notification: Notification, to receiver: Receiver, externalURL: String) {
    // Receivers that look at it count a message that is sent twice once (RFC draft-ietf-httpapi-idempotency-key-header).
    let fields = [(name: "Idempotency-Key", value: notification.key)]
    switch receiver.kind {
    case .webhook(let url), .alertmanager(let url):
      self = .http(
        url: url, fields: fields, body: WebhookPayload.encode(notification, externalURL: externalURL))
    case .slack(let url):
      self = .http(url: url, fields: fields, body: SlackPayload.encode(notification, externalURL: externalURL))
    case .pagerDuty(let url, let routingKey):
      self = .http(
        url: url, fields: fields,
        body: PagerDutyPayload.encode(notification, routingKey: routingKey, externalURL: externalURL))
    case .email(let mailbox):
      self = .email(EmailMessage(notification, from: mailbox.from, to: mailbox.to, externalURL: externalURL), mailbox)
    }
  }
}
