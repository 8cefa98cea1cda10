import DataPlane
import Identity
import PromQL

/// What can be fuzzed: a reader of strangers' bytes, what it starts from, and how its input is damaged.
///
/// A run returns whether the input was accepted. A wrong acceptance, a verdict that depends on where the bytes were cut, or
/// a crash ends the process.
enum Subject: String, CaseIterable {
  /// Bearer tokens: only bytes that were signed may be accepted.
  case tokens
  /// Request heads and the bodies behind them.
  case requests
  /// Header lists of HTTP/2 requests, which are written as heads.
  case lists
  /// Heads and bodies of upstreams' answers.
  case answers
  /// JSON bodies, JWKS documents, PEM text, token headers and claims.
  case documents
  /// PromQL.
  case queries
}

/// One subject at work. Not shared between threads.
struct Fuzzing {
  let subject: Subject
  private let identity: IdentityFuzzer
  private let http = HTTPFuzzer()
  private var mutator: TokenMutator

  init(_ subject: Subject, seed: UInt64) {
    self.subject = subject
    identity = IdentityFuzzer(seed: 1)
    mutator = TokenMutator(seed: seed)
  }

  /// Whether `input` is accepted.
  func run(_ input: [UInt8]) -> Bool {
    switch subject {
    case .tokens: return identity.tryToken(input.span)
    case .requests: return http.tryRequest(input)
    case .lists: return http.tryHeaderList(input)
    case .answers: return http.tryAnswer(input)
    case .documents:
      identity.tryEverything(input.span)
      return false
    case .queries: return Self.tryQuery(input)
    }
  }

  /// A token signed as the issuer would, around damaged claims. Whether it is accepted.
  mutating func runSigned() -> Bool { identity.trySigned(&mutator) }

  /// A query prints as a text that reads as the same query.
  private static func tryQuery(_ input: [UInt8]) -> Bool {
    let text = String(decoding: input, as: UTF8.self)
    guard let expression = try? Expression(text) else { return false }
    let printed = expression.description
    guard let again = try? Expression(printed) else { preconditionFailure("\(printed) cannot be read again") }
    precondition(again == expression, "\(printed) reads as another query")
    return true
  }

  /// Damages `input`, which comes from `corpus`.
  mutating func mutate(_ input: [UInt8], _ corpus: [[UInt8]], using random: inout some RandomNumberGenerator) -> [UInt8]
  {
    switch subject {
    case .tokens: return mutator.mutate(input, splicing: corpus[mutator.choose(corpus.count)])
    case .requests, .lists, .answers:
      var bytes = input
      HeadMutator.mutate(&bytes, corpus, using: &random)
      return bytes
    case .documents, .queries: return mutator.mutate(json: input)
    }
  }

  /// Inputs to start from, beside those of a folder.
  var seeds: [[UInt8]] {
    let texts: [String]
    switch subject {
    case .tokens: return identity.goodTokens
    case .requests:
      texts = [
        "GET /a/b?c=d HTTP/1.1\r\nHost: a\r\nX-Tenant-Id: evil\r\nAuthorization: Bearer x.y.z\r\nCookie: a=b\r\n\r\n",
        "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nX-Y: z\r\n\r\nhelloGET /b HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST http://a/ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: x-y, close\r\nX-Y: z\r\n\r\n"
          + "5;e=1\r\nhello\r\n0\r\nX-Trailer: 1\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n",
        "PUT /%41 HTTP/1.1\r\nHost: [::1]:80\r\nContent-Length: 2\r\nExpect: 100-continue\r\nX_T: 1\r\n\r\nhi",
        "GET /socket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
      ]
    case .lists: return Self.lists
    case .answers:
      texts = [
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: x-a\r\nX-A: b\r\n\r\nhello",
        "HTTP/1.1 206 Partial Content\r\nTransfer-Encoding: chunked\r\nSet-Cookie: a=b\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        "HTTP/1.0 301 Moved\r\nLocation: /\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
      ]
    case .documents:
      texts = [
        #"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","kid":"a"}]}"#,
        #"{"alg":"EdDSA","typ":"at+jwt","kid":"\u00e9\ud83d\ude00"}"#,
        #"{"iss":"https://issuer.example/","aud":["fuzz"],"sub":"u","role":"user","exp":1800000600.5}"#,
        "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\n",
        #"[1,-0.5e10,"\\\"",{"a":null,"b":[true,false]}]"#,
      ]
    case .queries:
      texts = [
        #"sum by (code) (rate(requests_total{job="a",code=~"5.."}[5m] offset 1m)) / on () group_left count(up)"#,
        "histogram_quantile(0.99, sum(rate(x_bucket[1m:10s])) by (le)) > bool 0.5 and -2 ^ 3 unless vector(1)",
        "max_over_time(deriv(g[5m])[1h:] @ end()) or label_replace(up, \"a\", \"$1\", \"b\", \"(.*)\")",
      ]
    }
    return texts.map { Array($0.utf8) }
  }

  private static var lists: [[UInt8]] {
    let begin = [(":method", "GET"), (":scheme", "https"), (":path", "/a/b?c=d")]
    let post = [(":method", "POST"), (":scheme", "https"), (":path", "/a"), (":authority", "a")]
    let lists = [
      begin + [(":authority", "a"), ("x-tenant-id", "evil"), ("cookie", "a=b"), ("cookie", "c=d"), ("te", "trailers")],
      begin + [("host", "a"), ("authorization", "Bearer x.y.z"), ("accept", "*/*")],
      post + [("content-length", "5"), ("x-y", "z")], post + [("transfer-encoding", "chunked")],
      post + [("content-length", "0"), ("host", "b")],
    ]
    let separators = HTTPFuzzer.listSeparators
    return lists.map { list in
      list.flatMap { Array($0.0.utf8) + [separators.name] + Array($0.1.utf8) + [separators.field] }
    }
  }
}
