import ArgumentParser
import Wire

extension Alerts {
  /// `breakwater alerts test`
  struct Test: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Where an alert with these labels would go; with --send, whether a receiver can be reached.",
      discussion: "breakwater alerts test alertname=BackendDown severity=critical\nbreakwater alerts test --send page")
    @Argument(help: "Labels, e.g. severity=critical tenant=orchid.") var labels: [String] = []
    @Option(help: "At another time (RFC 3339).") var at: String?
    @Option(help: "Send a test message to this receiver.") var send: String?
    @OptionGroup var server: ServerOptions

    func validate() throws {
      guard send != nil || !labels.isEmpty else { throw ValidationError("Name labels, or a receiver with --send.") }
      for label in labels where !label.contains("=") { throw ValidationError("\(label) is not name=value.") }
    }

    func run() async throws {
      try await finish {
        if let send {
          let answer = try await server.client.post("/admin/receivers/\(send.urlEncoded)/test", [String: String]())
          let item = try answer.decode(NotificationItem.self)
          try server.output.show(answer) {
            item.status == "sent"
              ? "\(send) took the message." : "\(send) did not take it: \(item.error ?? "no reason")"
          }
          return item.status == "sent" ? .done : .no
        }
        let pairs = labels.map {
          $0.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        }
        let request = RouteTestRequest(
          labels: Dictionary(pairs.map { ($0[0], $0[1]) }, uniquingKeysWith: { _, last in last }), at: at)
        let answer = try await server.client.post("/admin/alert-routes/test", request)
        let document = try answer.decode(RouteTestDocument.self)
        try server.output.show(answer) { Self.text(document) }
        return document.isTold ? .done : .no
      }
    }

    private static func text(_ document: RouteTestDocument) -> String {
      var table = Table("ROUTE", "RECEIVERS", "GROUPED BY", "WAIT", "INTERVAL", "REPEAT", "NOW")
      for route in document.routes {
        table.add(
          route.route, route.receivers.isEmpty ? "nobody" : route.receivers.joined(separator: ", "),
          route.groupBy.joined(separator: ", "), route.groupWait, route.groupInterval, route.repeatInterval,
          route.isOpen ? "open" : "outside its hours")
      }
      var lines = [table.text]
      if !document.silences.isEmpty { lines.append("silenced by \(document.silences.joined(separator: ", "))") }
      if !document.inhibitedBy.isEmpty { lines.append("inhibited by \(document.inhibitedBy.joined(separator: ", "))") }
      lines.append(document.isTold ? "Somebody is told." : "Nobody is told.")
      return lines.joined(separator: "\n")
    }
  }

  struct History: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "What happened to alerts, newest first.")
    @Argument(help: "Fingerprint, or the alert's name; all when absent.") var alert: String?
    @Option(help: "How many.") var limit = 50
    @OptionGroup var server: ServerOptions

    func run() async throws {
      try await finish {
        let isFingerprint = alert.map { $0.utf8.count == 16 && $0.allSatisfy(\.isHexDigit) } ?? false
        let filter = alert.map { "&\(isFingerprint ? "fingerprint" : "name")=\($0.urlEncoded)" } ?? ""
        let answer = try await server.client.get("/admin/alert-history?limit=\(limit)\(filter)")
        try server.output.show(answer) {
          let items = try answer.decode(Page<AlertHistoryItem>.self).items
          guard !items.isEmpty else { return "Nothing has happened." }
          var table = Table("AT", "ALERT", "WHAT", "VALUE", "BY", "NOTE")
          for item in items {
            table.add(item.at, item.name, item.what, item.value, item.actor ?? "rules", item.note ?? item.summary)
          }
          return table.text
        }
        return .done
      }
    }
  }

  struct Notifications: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Who was told what, newest first.")
    @Option(help: "Only this receiver.") var receiver: String?
    @Option(help: "queued, sent or failed.") var status: String?
    @Option(help: "How many.") var limit = 50
    @OptionGroup var server: ServerOptions

    func run() async throws {
      try await finish {
        let filters = [("receiver", receiver), ("status", status)].compactMap { name, value in
          value.map { "&\(name)=\($0.urlEncoded)" }
        }
        let answer = try await server.client.get("/admin/notifications?limit=\(limit)\(filters.joined())")
        try server.output.show(answer) {
          let items = try answer.decode(Page<NotificationItem>.self).items
          guard !items.isEmpty else { return "Nobody was told anything." }
          var table = Table("DECIDED", "RECEIVER", "STATUS", "ATTEMPTS", "CAUSE", "ALERTS", "ERROR")
          for item in items {
            let names = Set(item.alerts.map { "\($0.name) \($0.status)" }).sorted().joined(separator: ", ")
            table.add(
              item.decidedAt, item.receiver, item.status, "\(item.attempts)", item.cause, names, item.error ?? "")
          }
          return table.text
        }
        return .done
      }
    }
  }
}
