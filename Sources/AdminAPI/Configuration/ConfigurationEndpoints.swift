package import ControlModel
import DataPlane
import Identity
import NIOCore
import Store
import Telemetry
package import Wire

/// The configuration in force, as the root manages it.
package protocol ConfigurationKeeper: Sendable {
  func document() -> ConfigurationDocument
  /// Newest first.
  func versions() -> [ConfigurationVersionItem]
  /// What is wrong with `text`, or with the file as it is now.
  func problems(in text: String?) -> [FieldProblem]
  /// Reads the file and applies it whole, or leaves everything as it is.
  func reload(by actor: String) throws(Refusal) -> ConfigurationVersionItem
  /// Applies an earlier version of this process.
  func rollBack(to version: Int?, by actor: String) throws(Refusal) -> ConfigurationVersionItem
}

/// Looking at the configuration, checking one, and changing it without a restart.
struct ConfigurationEndpoints {
  let context: AdminContext

  /// GET /admin/config
  func show(_ call: Call) async throws(Refusal) -> Reply { .json(200, context.configuration.document()) }

  /// GET /admin/config/versions
  func versions(_ call: Call) async throws(Refusal) -> Reply {
    .json(200, Page(items: context.configuration.versions()))
  }

  /// POST /admin/config/validate: the YAML in the body, or without one the file; changes nothing.
  func validate(_ call: Call) async throws(Refusal) -> Reply {
    let text = call.body.readableBytes == 0 ? nil : String(buffer: call.body)
    let problems = context.configuration.problems(in: text)
    guard problems.isEmpty else {
      throw Refusal(.requestInvalid, "The configuration has \(problems.count) problems.", fields: problems)
    }
    return .json(200, Verdict(isValid: true))
  }

  private struct Verdict: Encodable {
    let isValid: Bool
  }

  /// POST /admin/config/reload
  func reload(_ call: Call) async throws(Refusal) -> Reply {
    let version = try context.configuration.reload(by: try call.principal.subject)
    return try await audited(version, call, "config.reload")
  }

  /// POST /admin/config/rollback
  func rollBack(_ call: Call) async throws(Refusal) -> Reply {
    let request = try RequestBody.decode(RollbackRequest.self, members: RollbackRequest.members, call)
    let version = try context.configuration.rollBack(to: request.version, by: try call.principal.subject)
    return try await audited(version, call, "config.rollback")
  }

  private func audited(
    _ version: ConfigurationVersionItem, _ call: Call, _ action: String
  ) async throws(Refusal) -> Reply {
    let entry = AuditEntry(
      at: context.clocks.now, actor: version.by, action: action, object: "config/\(version.version)",
      requestID: call.requestID,
      summary: "configuration \(version.version) is in force: \(version.applied.joined(separator: ", "))")
    do throws(StoreFailure) {
      _ = try await context.controlStore.audit(entry)
    } catch {
      throw Refusal(
        .storeUnavailable, "Configuration \(version.version) is in force, but its audit row was not written.")
    }
    return .json(200, version)
  }
}
