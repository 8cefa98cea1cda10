import ControlModel
import DataPlane
import Foundation

/// Reads the certificate and key of the public listener.
enum TLSMaterial {
  /// Largest PEM file read: a chain of a dozen certificates.
  private static let bytesMax = 256 * 1024

  static func identity(
    _ files: Configuration.TLSFiles, _ problems: inout [ConfigurationProblem]
  ) -> TLSIdentity? {
    guard let certificate = read(files.certificate, "server.tls.certificate", &problems),
      let key = read(files.key, "server.tls.key", &problems)
    else { return nil }
    do throws(TLSProblem) {
      return try TLSIdentity(certificate: certificate, key: key)
    } catch {
      let (file, setting) =
        error.file == .certificate ? (files.certificate, "server.tls.certificate") : (files.key, "server.tls.key")
      problems.append(ConfigurationProblem(file: file, line: nil, key: setting, message: error.message))
      return nil
    }
  }

  /// A key that others than its owner and group can read, or the group can change.
  static func exposedKey(_ files: Configuration.TLSFiles) -> ConfigurationProblem? {
    let attributes = try? FileManager.default.attributesOfItem(atPath: files.key)
    guard let mode = attributes?[.posixPermissions] as? Int, mode & 0o027 != 0 else { return nil }
    return ConfigurationProblem(
      file: files.key, line: nil, key: "server.tls.key",
      message: "can be read by everybody or changed by others (mode \(String(mode, radix: 8))); chmod 600 it")
  }

  /// How long before its end a certificate is to be renewed; the alert on it says the same.
  private static let renewalDays: Int64 = 14

  /// That the chain is outside its time at `now`, or will be before long.
  static func expiry(of identity: TLSIdentity, _ files: Configuration.TLSFiles, at now: WallTime)
    -> ConfigurationProblem?
  {
    let message: String
    if now < identity.notBefore {
      message = "is valid from \(identity.notBefore) only; until then clients refuse it"
    } else if now > identity.notAfter {
      message = "has expired at \(identity.notAfter); clients refuse it, renew it and reload"
    } else if now.unixSeconds + renewalDays * 86_400 >= identity.notAfter.unixSeconds {
      message = "expires at \(identity.notAfter), within \(renewalDays) days; renew it and reload"
    } else {
      return nil
    }
    return ConfigurationProblem(file: files.certificate, line: nil, key: "server.tls.certificate", message: message)
  }

  private static func read(_ path: String, _ key: String, _ problems: inout [ConfigurationProblem]) -> [UInt8]? {
    guard let data = FileManager.default.contents(atPath: path) else {
      problems.append(ConfigurationProblem(file: path, line: nil, key: key, message: "cannot be read"))
      return nil
    }
    guard data.count <= bytesMax else {
      problems.append(
        ConfigurationProblem(file: path, line: nil, key: key, message: "is larger than \(bytesMax) bytes"))
      return nil
    }
    return [UInt8](data)
  }
}
