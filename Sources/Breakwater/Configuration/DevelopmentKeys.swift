import ControlModel
import DataPlane
import Identity

/// What `PLATFORM_AUTH_ENABLED`, `JWT_SECRET` and `BREAKWATER_DEV` mean together. Whoever holds a shared secret can sign
/// as anybody, so it counts on a machine that says it is for development and that nobody else can reach, or not at all.
struct DevelopmentKeys {
  /// HS256 wants a key as long as its hash (RFC 7518 §3.2).
  static let secretBytesMin = 32

  private let authEnabled: String?
  private let secret: String?
  private let dev: String?

  init(_ environment: [String: String]) {
    authEnabled = environment["PLATFORM_AUTH_ENABLED"]
    secret = environment["JWT_SECRET"].flatMap { $0.isEmpty ? nil : $0 }
    dev = environment["BREAKWATER_DEV"]
  }

  /// Puts the secret in force in place of every other key, says that it is ignored, or reports what is missing.
  func apply(to configuration: inout Configuration, _ reader: SettingsReader) {
    switch authEnabled?.lowercased() {
    case nil, "", "true", "1":
      guard secret != nil else { return }
      configuration.warnings.append(
        warning("JWT_SECRET", "is ignored: tokens are verified with the platform's public keys; unset it"))
    case "false", "0": enable(&configuration, reader)
    default:
      reader.problem(variable: "PLATFORM_AUTH_ENABLED", "is not true or false; write one of the two, or unset it")
    }
  }

  private func enable(_ configuration: inout Configuration, _ reader: SettingsReader) {
    let count = reader.problems.count
    func missing(_ variable: String, _ what: String) { reader.problem(variable: variable, what) }
    if dev != "1" {
      missing(
        "PLATFORM_AUTH_ENABLED",
        "is false on a machine that does not say it is for development; set BREAKWATER_DEV=1 there, or unset it here")
    }
    for (key, address) in [("listen", configuration.server.listen), ("ops", configuration.server.ops)]
    where !address.isLoopback {
      missing(
        "PLATFORM_AUTH_ENABLED",
        "is false while server.\(key) is \(address), which others can reach; listen on 127.0.0.1, or unset it")
    }
    if configuration.auth.pinnedPEM != nil {
      missing("JWT_SECRET", "cannot count beside PLATFORM_JWT_PUBLIC_KEY; unset one of the two")
    }
    let bytes = Array((secret ?? "").utf8)
    if bytes.count < Self.secretBytesMin {
      missing(
        "JWT_SECRET",
        "has \(bytes.count) bytes; PLATFORM_AUTH_ENABLED=false needs \(Self.secretBytesMin), e.g. from openssl rand -hex 32"
      )
    }
    guard reader.problems.count == count else { return }
    configuration.auth.developmentSecret = bytes
    configuration.auth.jwks = nil
    configuration.auth.policy.algorithms = [.hs256]
    let sentence = "development keys: tokens are verified with JWT_SECRET, whose holder can sign as anybody"
    configuration.server.dataPlane.warningLine = Array("Warning: 299 breakwater \"\(sentence)\"\r\n".utf8)
    configuration.warnings.append(warning("JWT_SECRET", sentence))
  }

  private func warning(_ variable: String, _ message: String) -> ConfigurationProblem {
    ConfigurationProblem(file: "environment", line: nil, key: variable, message: message)
  }
}
