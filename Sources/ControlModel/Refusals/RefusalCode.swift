/// The closed list of refusals. Each owns its HTTP status, its title and who is to blame; `docs/reference/errors.md`
/// lists them all and a test holds the two equal.
public enum RefusalCode: String, CaseIterable, Sendable {
  case authMissing = "auth.missing"
  case authMalformed = "auth.malformed"
  case authExpired = "auth.expired"
  case authNotYetValid = "auth.not_yet_valid"
  case authSignature = "auth.signature"
  case authUnknownKey = "auth.unknown_key"
  case authAlgorithm = "auth.algorithm"
  case authIssuer = "auth.issuer"
  case authAudience = "auth.audience"
  case authType = "auth.type"
  case authRevoked = "auth.revoked"
  case authUnavailable = "auth.unavailable"
  case accessDenied = "access.denied"
  case tenantMissing = "tenant.missing"
  case tenantMismatch = "tenant.mismatch"
  case tenantDisabled = "tenant.disabled"
  case tenantLeakBlocked = "tenant.leak_blocked"
  case tenantUnknown = "tenant.unknown"
  case profileDisabled = "profile.disabled"
  case profileUnknown = "profile.unknown"
  case tradingHalted = "trading.halted"
  case tradingUnknown = "trading.unknown"
  case tradingRejected = "trading.rejected"
  case controlUnknown = "control.unknown"
  case approvalSelf = "approval.self"
  case approvalClosed = "approval.closed"
  case approvalRequired = "approval.required"
  case releaseBlocked = "release.blocked"
  case storeUnavailable = "store.unavailable"
  case platformMaintenance = "platform.maintenance"
  case platformKillSwitch = "platform.kill_switch"
  case rateLimited = "rate.limited"
  case overloadShed = "overload.shed"
  case idempotencyMissing = "idempotency.missing"
  case idempotencyInFlight = "idempotency.in_flight"
  case idempotencyReused = "idempotency.reused"
  case preconditionRequired = "precondition.required"
  case preconditionFailed = "precondition.failed"
  case requestTooLarge = "request.too_large"
  case requestURI = "request.uri"
  case requestMedia = "request.media"
  case requestHeaders = "request.headers"
  case requestTimeout = "request.timeout"
  case requestExpectation = "request.expectation"
  case requestInvalid = "request.invalid"
  case httpMalformed = "http.malformed"
  case httpTLSRequired = "http.tls_required"
  case httpLoop = "http.loop"
  case websocketHandshake = "websocket.handshake"
  case upstreamConnect = "upstream.connect"
  case upstreamReset = "upstream.reset"
  case upstreamProtocol = "upstream.protocol"
  case upstreamTimeout = "upstream.timeout"
  case upstreamCircuitOpen = "upstream.circuit_open"
  case routeUnknown = "route.unknown"
  case routeMethod = "route.method"
  case notFound = "resource.unknown"
  case internalError = "internal"

  /// Who has to act for the refusal to stop happening.
  public enum Source: String, Sendable {
    case caller, breakwater, upstream
  }

  public var status: Int {
    switch self {
    case .httpMalformed, .httpTLSRequired, .websocketHandshake, .idempotencyMissing: 400
    case .authMissing, .authMalformed, .authExpired, .authNotYetValid, .authSignature, .authUnknownKey,
      .authAlgorithm, .authIssuer, .authAudience, .authType, .authRevoked, .tenantMissing:
      401
    case .accessDenied, .tenantDisabled, .approvalSelf, .approvalRequired: 403
    case .tenantMismatch, .tenantUnknown, .profileUnknown, .controlUnknown, .routeUnknown, .notFound: 404
    case .routeMethod: 405
    case .requestTimeout: 408
    case .profileDisabled, .tradingHalted, .idempotencyInFlight, .approvalClosed, .releaseBlocked: 409
    case .preconditionFailed: 412
    case .requestTooLarge: 413
    case .requestURI: 414
    case .requestMedia: 415
    case .requestExpectation: 417
    case .idempotencyReused, .requestInvalid, .tradingRejected: 422
    case .preconditionRequired: 428
    case .rateLimited: 429
    case .requestHeaders: 431
    case .internalError: 500
    case .tenantLeakBlocked, .upstreamConnect, .upstreamReset, .upstreamProtocol: 502
    case .authUnavailable, .tradingUnknown, .platformMaintenance, .platformKillSwitch, .overloadShed,
      .upstreamCircuitOpen, .storeUnavailable:
      503
    case .upstreamTimeout: 504
    case .httpLoop: 508
    }
  }

  public var source: Source {
    switch self {
    case .upstreamConnect, .upstreamReset, .upstreamProtocol, .upstreamTimeout, .upstreamCircuitOpen,
      .tenantLeakBlocked:
      .upstream
    case .authUnavailable, .httpLoop, .overloadShed, .internalError, .storeUnavailable, .tradingUnknown,
      .platformMaintenance, .platformKillSwitch:
      .breakwater
    default: .caller
    }
  }

  public var title: String {
    switch self {
    case .authMissing: "No bearer token"
    case .authMalformed: "Token is malformed"
    case .authExpired: "Token has expired"
    case .authNotYetValid: "Token is not valid yet"
    case .authSignature: "Token signature does not verify"
    case .authUnknownKey: "Token names an unknown key"
    case .authAlgorithm: "Token algorithm is not allowed"
    case .authIssuer: "Token has another issuer"
    case .authAudience: "Token is for another audience"
    case .authType: "Token is of another type"
    case .authRevoked: "Token was revoked"
    case .authUnavailable: "Signing keys are not available"
    case .accessDenied: "Your role may not do this"
    case .tenantMissing: "Token names no tenant"
    case .tenantMismatch: "Not found"
    case .tenantDisabled: "Tenant is disabled"
    case .tenantLeakBlocked: "Response held another tenant's data"
    case .tenantUnknown: "Unknown tenant"
    case .profileDisabled: "Profile is disabled"
    case .profileUnknown: "Unknown profile"
    case .tradingHalted: "Trading is halted"
    case .tradingUnknown: "Trading state is not known"
    case .tradingRejected: "Order refused by risk"
    case .controlUnknown: "Unknown control"
    case .approvalSelf: "A second person must decide"
    case .approvalClosed: "Approval is already decided"
    case .approvalRequired: "A second admin must approve"
    case .releaseBlocked: "It is not safe to start again yet"
    case .storeUnavailable: "Store is not available"
    case .platformMaintenance: "Maintenance"
    case .platformKillSwitch: "Product is switched off"
    case .rateLimited: "Too many requests"
    case .overloadShed: "Overloaded"
    case .idempotencyMissing: "Idempotency-Key is required"
    case .idempotencyInFlight: "The same request is still running"
    case .idempotencyReused: "Idempotency-Key was used for another request"
    case .preconditionRequired: "If-Match is required"
    case .preconditionFailed: "State has changed"
    case .requestTooLarge: "Body is too large"
    case .requestURI: "Request target is too long"
    case .requestMedia: "Media type is not supported"
    case .requestHeaders: "Request head is too large"
    case .requestTimeout: "Request took too long to arrive"
    case .requestExpectation: "Expectation is not supported"
    case .requestInvalid: "Request is not valid"
    case .httpMalformed: "Malformed HTTP"
    case .httpTLSRequired: "Plain HTTP where TLS is spoken"
    case .httpLoop: "Request has come back"
    case .websocketHandshake: "Not a WebSocket handshake"
    case .upstreamConnect: "Upstream cannot be reached"
    case .upstreamReset: "Upstream closed the connection"
    case .upstreamProtocol: "Upstream answered malformed HTTP"
    case .upstreamTimeout: "Upstream took too long"
    case .upstreamCircuitOpen: "Upstream is failing and is left alone for now"
    case .routeUnknown: "No such route"
    case .routeMethod: "Method is not allowed"
    case .notFound: "Not found"
    case .internalError: "Internal error"
    }
  }

  /// The `error` attribute of `WWW-Authenticate` (RFC 6750 §3.1); nil where no challenge belongs.
  public var bearerError: String? {
    switch self {
    case .authMissing: ""
    case _ where status == 401: "invalid_token"
    case .accessDenied: "insufficient_scope"
    default: nil
    }
  }
}
