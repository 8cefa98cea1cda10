import ArgumentParser
import Wire

/// `breakwater explain`
struct Explain: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "What a scope is subject to, with every cause; exit 2 when it may not trade freely.")

  @Option(help: "The tenant.") var tenant: String?
  @Option(help: "The profile, as TENANT/PROFILE.") var profile: String?
  @Option(help: "The venue.") var venue: String?
  @Option(help: "The symbol.") var symbol: String?
  @OptionGroup var server: ServerOptions

  func validate() throws {
    if let profile, profile.split(separator: "/").count != 2 { throw ValidationError("--profile is TENANT/PROFILE") }
  }

  func run() async throws {
    try await finish {
      let parts = profile?.split(separator: "/").map(String.init) ?? []
      let names = [
        ("tenant", tenant ?? parts.first), ("profile", parts.last), ("venue", venue), ("symbol", symbol),
      ]
      let query = names.compactMap { name, value in value.map { "\(name)=\($0.urlEncoded)" } }.joined(separator: "&")
      let answer = try await server.client.get("/admin/controls/effective?\(query)")
      let effective = try answer.decode(EffectiveDocument.self)
      try server.output.show(answer) {
        let head = effective.isHeld ? "held: control state is not known yet" : effective.level
        return "\(Terminal.styled(head, .bold))  epoch \(effective.epoch)\n\(ControlText.controls(effective.causes))"
      }
      return effective.level == "active" ? .done : .no
    }
  }
}
