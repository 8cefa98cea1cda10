import ArgumentParser
import Wire

/// `breakwater replica …`
struct Replica: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Gates that share a control store.", subcommands: [List.self, Remove.self])

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Every gate registered, with what it has acknowledged.")
    @OptionGroup var server: ServerOptions

    func run() async throws {
      try await finish {
        let answer = try await server.client.get("/admin/replicas")
        try server.output.show(answer) {
          var table = Table("REPLICA", "EPOCH", "RENEWED", "LEASE", "LAST ORDER OUT", "RUN")
          for item in try answer.decode(Page<ReplicaItem>.self).items {
            table.add(
              item.replica + (item.isSelf ? " (answers)" : ""), String(item.epoch), item.renewedAt,
              "\(item.leaseMs) ms", item.lastOrderOutAt ?? "-", item.run)
          }
          return table.text
        }
        return .done
      }
    }
  }

  struct Remove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Forget a gate whose process is gone for good; refused while it renews its lease.")
    @Argument(help: "The replica's name.") var replica: String
    @Option(help: "Why; 10 to 500 characters.") var reason: String
    @OptionGroup var server: ServerOptions

    func run() async throws {
      try await finish {
        let answer = try await server.client.post(
          "/admin/replicas/\(replica.urlEncoded)/remove", ReasonRequest(reason: reason))
        try server.output.show(answer) { "Removed \(replica)." }
        return .done
      }
    }
  }
}
