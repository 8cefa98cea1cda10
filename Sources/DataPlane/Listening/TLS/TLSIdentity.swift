package import ControlModel
import NIOCore
import NIOSSL

/// Why a certificate and its key cannot be served; each sentence follows the file's name.
package struct TLSProblem: Error, Equatable, Sendable {
  package enum File: Sendable {
    case certificate, key
  }

  package let file: File
  package let message: String
}

/// A certificate chain and its key, ready to answer handshakes. Immutable: a reload makes another, and connections that
/// are open keep the one they began with.
package final class TLSIdentity: Sendable {
  let context: NIOSSLContext
  /// The earliest end of any certificate of the chain: from then on clients refuse it.
  package let notAfter: WallTime
  /// The latest begin.
  package let notBefore: WallTime

  /// Reads PEM: the certificate of this service first, then its intermediates; an unencrypted key.
  package init(certificate: [UInt8], key: [UInt8]) throws(TLSProblem) {
    let chain = try Self.chain(certificate)
    let privateKey = try Self.key(key)
    notAfter = WallTime(unixSeconds: chain.map { Int64($0.notValidAfter) }.min() ?? 0)
    notBefore = WallTime(unixSeconds: chain.map { Int64($0.notValidBefore) }.max() ?? 0)
    var configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(privateKey))
    configuration.minimumTLSVersion = .tlsv12
    configuration.cipherSuiteValues = Self.tls12Suites
    configuration.applicationProtocols = [Self.http2, "http/1.1"]
    configuration.shutdownTimeout = Self.shutdownTimeout
    do {
      context = try NIOSSLContext(configuration: configuration)
    } catch {
      throw TLSProblem(file: .key, message: "does not belong to the certificate")
    }
  }

  /// The name of HTTP/2 in the agreement on a protocol (RFC 7301, RFC 9113 §3.2); what clients may agree on, the
  /// preferred one first, is this and HTTP/1.1.
  static let http2 = "h2"

  /// Forward-secret and authenticated-encryption suites; TLS 1.3 has no others.
  private static let tls12Suites: [NIOTLSCipher] = [
    .TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, .TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    .TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, .TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    .TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, .TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
  ]

  /// How long a connection that is being closed waits for the client to say so too.
  private static let shutdownTimeout: TimeAmount = .seconds(1)

  private static func chain(_ bytes: [UInt8]) throws(TLSProblem) -> [NIOSSLCertificate] {
    let chain = (try? NIOSSLCertificate.fromPEMBytes(bytes)) ?? []
    guard !chain.isEmpty else {
      throw TLSProblem(file: .certificate, message: "holds no PEM certificate (-----BEGIN CERTIFICATE-----)")
    }
    return chain
  }

  private static func key(_ bytes: [UInt8]) throws(TLSProblem) -> NIOSSLPrivateKey {
    let text = String(decoding: bytes, as: UTF8.self)
    guard text.contains("PRIVATE KEY-----") else {
      throw TLSProblem(file: .key, message: "holds no PEM private key (-----BEGIN PRIVATE KEY-----)")
    }
    // Asking for a passphrase has no place in a service that restarts by itself.
    guard !text.contains("ENCRYPTED") else {
      throw TLSProblem(
        file: .key, message: "is encrypted; give the key without a passphrase, readable by the service only")
    }
    do {
      return try NIOSSLPrivateKey(bytes: bytes, format: .pem)
    } catch {
      throw TLSProblem(file: .key, message: "is not a private key that can be read")
    }
  }
}
