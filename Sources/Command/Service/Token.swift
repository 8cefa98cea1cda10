public import ArgumentParser
import Breakwater
import ControlModel
import Foundation
import Identity
import Store
import Telemetry

extension Role: ExpressibleByArgument {}

/// `breakwater token …`
struct Token: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Sign demo tokens; check tokens against a configuration.", subcommands: [Sign.self, Verify.self])

  struct Sign: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Sign a token with a demo's key; refused anywhere else.")

    @Option(help: "user, support, operator, admin, auditor, metrics or service.")
    var role: Role

    @Option(help: "Subject: who it is for.")
    var sub: String

    @Option(help: "Tenant; needed for the role user.")
    var tenant: String?

    @Option(help: "How long it is valid, up to 24h.")
    var lifetime = "12h"

    @Option(help: "The demo's folder.")
    var data = DemoInstallation.defaultFolder

    func run() async throws {
      try await finish {
        guard let milliseconds = DurationSetting.milliseconds(lifetime), milliseconds >= 1000,
          milliseconds <= 86_400_000
        else { throw CommandFailure(.failed, "--lifetime is between 1s and 24h") }
        let tenantID = tenant.flatMap { TenantID($0) }
        guard tenant == nil || tenantID != nil else { throw CommandFailure(.failed, "--tenant is not a tenant's name") }
        guard role != .user || tenantID != nil else {
          throw CommandFailure(.failed, "a user's token names its --tenant")
        }
        do {
          let demo = try DemoInstallation(existing: data)
          Terminal.print(
            try demo.token(
              role, subject: sub, tenant: tenantID, at: SystemSources.clocks.now, lifetimeSeconds: milliseconds / 1000))
        } catch let failure as StoreFailure {
          throw CommandFailure(.failed, failure.message)
        } catch {
          throw CommandFailure(.failed, "the token cannot be signed: \(error)")
        }
        return .done
      }
    }
  }

  struct Verify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "check", abstract: "Judge tokens on standard input, one a line; one JSON verdict a line.")

    @Option(help: "Configuration file with the auth section.")
    var config = "breakwater.yaml"

    @Option(help: "Judge as of this time, in Unix seconds; default now.")
    var at: Int64?

    func run() async throws {
      try await finish {
        let configuration = try Settings.load(config)
        let verifier: TokenVerifier
        do {
          verifier = try await IdentityCheck.verifier(configuration)
        } catch let problems as ConfigurationProblems {
          throw CommandFailure(.failed, problems.description)
        } catch {
          throw CommandFailure(.failed, "the signing keys cannot be loaded: \(error)")
        }
        let now = at.map { WallTime(unixSeconds: $0) } ?? SystemSources.clocks.now
        var areAllAccepted = true
        var lines = TokenLines()
        while let bytes = lines.next() {
          let verdict = verifier.verdict(on: bytes.span, at: now)
          areAllAccepted = areAllAccepted && verdict.isAccepted
          Terminal.print(verdict.json)
        }
        return areAllAccepted ? .done : .no
      }
    }
  }
}

/// The lines of standard input as they are: only the line feed is taken off, so that what is judged is what would have come
/// in a header.
private struct TokenLines {
  private var buffer: [UInt8] = []
  private var position = 0
  private var isAtEnd = false

  /// Bytes kept of one line. A token of more than 8 KiB is refused whatever follows.
  private static let lineBytesMax = 64 * 1024

  mutating func next() -> [UInt8]? {
    var line: [UInt8] = []
    var isEmpty = true
    while true {
      if position == buffer.count {
        guard fill() else { return isEmpty ? nil : line }
      }
      isEmpty = false
      let end = buffer[position...].firstIndex(of: 0x0A)
      line += buffer[position..<(end ?? buffer.count)].prefix(Self.lineBytesMax - line.count)
      position = end.map { $0 + 1 } ?? buffer.count
      if end != nil { return line }
    }
  }

  private mutating func fill() -> Bool {
    guard !isAtEnd else { return false }
    buffer = Array(FileHandle.standardInput.readData(ofLength: Self.lineBytesMax))
    position = 0
    isAtEnd = buffer.isEmpty
    return !isAtEnd
  }
}
