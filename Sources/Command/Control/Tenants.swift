import ArgumentParser
import Wire

/// `breakwater tenant …`
struct Tenant: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Tenants: list, show, disable, enable.", subcommands: [List.self, Show.self, Disable.self, Enable.self])

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "All tenants and their effective state.")
    @OptionGroup var server: ServerOptions

    func run() async throws {
      try await finish {
        let answer = try await server.client.get("/admin/tenants")
        try server.output.show(answer) {
          var table = Table("TENANT", "STATE", "PROFILES", "ORDERS", "POSITIONS", "NOTIONAL", "CAUSE")
          for item in try answer.decode(Page<TenantItem>.self).items {
            table.add(
              item.tenant, item.state, "\(item.profilesTrading)/\(item.profiles)", String(item.openOrders),
              String(item.positions), "\(item.notional.amount) \(item.notional.currency)",
              item.causes.first?.reason ?? "")
          }
          return table.text
        }
        return .done
      }
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "One tenant, every cause of its state, its profiles.")
    @Argument var tenant: String
    @OptionGroup var server: ServerOptions

    func run() async throws {
      try await finish {
        let answer = try await server.client.get("/admin/tenants/\(tenant.urlEncoded)")
        let profiles = try await server.client.get("/admin/tenants/\(tenant.urlEncoded)/profiles")
        try server.output.show(answer) {
          let item = try answer.decode(TenantItem.self)
          return "\(Terminal.styled(item.tenant, .bold))  \(item.state)\n\(ControlText.controls(item.causes))\n\n"
            + ProfileText.table(try profiles.decode(Page<ProfileItem>.self).items)
        }
        return .done
      }
    }
  }

  struct Disable: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Stop a tenant's trading; reading keeps working.")
    @Argument var tenant: String
    @Option(help: "Why; 10 to 500 characters.") var reason: String
    @OptionGroup var server: ServerOptions

    func run() async throws {
      try await finish {
        try await Disabling.disable("/admin/tenants/\(tenant.urlEncoded)/disable", reason, server)
      }
    }
  }

  struct Enable: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Ask for a tenant's own controls to be released.")
    @Argument var tenant: String
    @Option(help: "Why it is safe; 10 to 500 characters.") var reason: String
    @OptionGroup var server: ServerOptions

    func run() async throws {
      try await finish {
        try await Release.ask(
          path: "/admin/tenants/\(tenant.urlEncoded)/enable", ReleaseRequest(reason: reason), server)
      }
    }
  }
}

/// `breakwater profile …`
struct Profile: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Profiles: list, show, disable, enable.", subcommands: [List.self, Show.self, Disable.self, Enable.self])

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "A tenant's profiles.")
    @Argument var tenant: String
    @OptionGroup var server: ServerOptions

    func run() async throws {
      try await finish {
        let answer = try await server.client.get("/admin/tenants/\(tenant.urlEncoded)/profiles")
        try server.output.show(answer) { ProfileText.table(try answer.decode(Page<ProfileItem>.self).items) }
        return .done
      }
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "One profile and every cause of its state.")
    @Argument(help: "TENANT/PROFILE") var profile: String
    @OptionGroup var server: ServerOptions

    func run() async throws {
      try await finish {
        let parts = profile.split(separator: "/", maxSplits: 1).map(String.init)
        guard parts.count == 2 else { throw CommandFailure(.failed, "name the profile as TENANT/PROFILE") }
        let answer = try await server.client.get("/admin/tenants/\(parts[0].urlEncoded)/profiles")
        guard let item = try answer.decode(Page<ProfileItem>.self).items.first(where: { $0.profile == parts[1] }) else {
          throw CommandFailure(.no, "tenant \(parts[0]) has no profile \(parts[1])")
        }
        try server.output.show(answer) { ProfileText.table([item]) + "\n\n" + ControlText.controls(item.causes) }
        return .done
      }
    }
  }

  struct Disable: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Stop one profile.")
    @Argument(help: "TENANT/PROFILE") var profile: String
    @Option(help: "Why; 10 to 500 characters.") var reason: String
    @OptionGroup var server: ServerOptions

    func run() async throws {
      try await finish { try await Disabling.disable(ProfilePath(profile).path + "/disable", reason, server) }
    }
  }

  struct Enable: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Ask for a profile's own controls to be released.")
    @Argument(help: "TENANT/PROFILE") var profile: String
    @Option(help: "Why it is safe; 10 to 500 characters.") var reason: String
    @OptionGroup var server: ServerOptions

    func run() async throws {
      try await finish {
        try await Release.ask(path: ProfilePath(profile).path + "/enable", ReleaseRequest(reason: reason), server)
      }
    }
  }
}

enum Disabling {
  static func disable(_ path: String, _ reason: String, _ server: ServerOptions) async throws -> ExitStatus {
    var request = ControlRequest()
    request.reason = reason
    return try ControlText.showReceipt(try await server.client.post(path, request), server)
  }
}

enum ProfileText {
  static func table(_ items: [ProfileItem]) -> String {
    var table = Table("PROFILE", "STATE", "USER", "SYMBOLS", "EQUITY", "CASH", "ORDERS", "POSITIONS")
    for item in items {
      table.add(
        "\(item.tenant)/\(item.profile)", item.state, item.user, item.symbols.joined(separator: " "),
        item.equity.amount, item.cash.amount, String(item.openOrders), String(item.positions))
    }
    return table.text
  }
}
