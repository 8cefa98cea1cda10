import ControlModel

/// Why a head is refused before anything else looks at it. Each case is a value of the `reason` label of
/// `breakwater_http_parse_errors_total`.
enum HeadProblem: String, Error, CaseIterable {
  case requestLine = "request_line"
  case method
  case version
  case target
  case targetTooLong = "target_too_long"
  case pathConfusion = "path_confusion"
  case fieldName = "field_name"
  case fieldValue = "field_value"
  case lineEnd = "line_end"
  case headTooLarge = "head_too_large"
  case tooManyFields = "too_many_fields"
  case hostMissing = "host_missing"
  case hostDuplicate = "host_duplicate"
  case hostInvalid = "host_invalid"
  case hostMismatch = "host_mismatch"
  case contentLength = "content_length"
  case transferEncoding = "transfer_encoding"
  case framingConflict = "framing_conflict"
  case authorizationDuplicate = "authorization_duplicate"
  case expectation
  case upgradeWithBody = "upgrade_with_body"
  case pseudoField = "pseudo_field"
  case connectionField = "connection_field"
  case chunk
  case chunkExtension = "chunk_extension"
  case trailer

  var refusal: Refusal {
    switch self {
    case .targetTooLong: Refusal(.requestURI, "The request target is longer than the gateway accepts.")
    case .headTooLarge: Refusal(.requestHeaders, "The request head is larger than the gateway accepts.")
    case .tooManyFields: Refusal(.requestHeaders, "The request has more header fields than the gateway accepts.")
    case .expectation: Refusal(.requestExpectation, "Only Expect: 100-continue is supported.")
    default: Refusal(.httpMalformed, sentence)
    }
  }

  private var sentence: String {
    switch self {
    case .requestLine: "The request line is not `METHOD SP target SP HTTP/1.1 CRLF`."
    case .method: "The method is not 1 to 16 upper-case letters."
    case .version: "Only HTTP/1.1 and HTTP/1.0 are spoken here."
    case .target: "The request target holds bytes that do not belong in one, or is not in origin form."
    case .pathConfusion:
      "The path holds `//`, a dot segment, `;`, `\\` or an encoded separator; upstreams disagree on what those mean."
    case .fieldName: "A header line has no valid field name; folded lines and space before the colon are refused."
    case .fieldValue: "A header value holds control characters."
    case .lineEnd: "A line does not end with CR LF."
    case .hostMissing: "HTTP/1.1 needs a Host header."
    case .hostDuplicate: "There is more than one Host header."
    case .hostInvalid: "The Host header is not a host with an optional port."
    case .hostMismatch: "The target names another host than the Host header."
    case .contentLength: "Content-Length is repeated or is not a plain number."
    case .transferEncoding: "Transfer-Encoding is repeated, used with HTTP/1.0 or not exactly `chunked`."
    case .framingConflict: "Content-Length and Transfer-Encoding are both present."
    case .authorizationDuplicate: "There is more than one Authorization header."
    case .upgradeWithBody: "A WebSocket upgrade is a GET without a body."
    case .pseudoField: "The pseudo-header fields are not exactly those of a request, each once and first."
    case .connectionField: "HTTP/2 has no connection-specific header fields."
    case .chunk: "The chunked body is malformed."
    case .chunkExtension: "A chunk extension is longer than 256 bytes."
    case .trailer: "The trailer section is malformed or larger than the gateway accepts."
    case .targetTooLong, .headTooLarge, .tooManyFields, .expectation: ""
    }
  }
}
