import ControlModel
import NIOCore
import Testing

@testable import DataPlane

/// Bodies for a caller of tenant `orchid`: with something of tenant `heron` in them, and without.
enum PlantedLeaks {
  struct Body: Sendable, CustomTestStringConvertible {
    let type: String
    let text: String
    var testDescription: String { text }

    init(_ type: String, _ text: String) {
      self.type = type
      self.text = text
    }
  }

  static let json: [Body] = [
    #"{"tenantId":"heron"}"#, #"{"tenant_id":"heron"}"#, #"{"tid":"heron"}"#, #"{"TenantID":"heron"}"#,
    #"{ "tenantId" : "heron" }"#, "{\"tenantId\"\n\t:\r\n \"heron\"}", #"[{"tenantId":"heron"}]"#,
    #"{"items":[{"id":1,"tenantId":"orchid"},{"id":2,"tenantId":"heron"}],"next":null}"#,
    #"{"a":{"b":{"c":[[[{"tenantId":"heron"}]]]}}}"#,
    // Escapes, in names and values.
    #"{"tenant\u0049d":"heron"}"#, #"{"\u0074enantId":"heron"}"#, #"{"tenantI\u0064":"heron"}"#,
    #"{"tenantId":"h\u0065ron"}"#, #"{"tenantId":"her\/on"}"#, #"{"tenantId":"orchid\u0000"}"#,
    #"{"x":"\u00e9\u4e16","tenant\u0049d":"heron"}"#, #"{"\u00fc":1,"\u0054ENANTID":"heron"}"#,
    #"{"tenantId":"heron\u00e9"}"#, #"{"tenant\u005fid":"heron"}"#, #"{"x":"\u003cCANARY\u002Dheron-1\u003E"}"#,
    #"{"x":"\\","tenantId":"heron"}"#, #"{"x":"\"","tenantId":"heron"}"#, #"{"x":"\\\"","tenantId":"heron"}"#,
    #"{"x":"{\"tenantId\":\"orchid\"}","tenantId":"heron"}"#,
    // Lists of tenants, and what is in them.
    #"{"tenantId":["orchid","heron"]}"#, #"{"tenantId":[["orchid"],["heron"]]}"#,
    #"{"tenantId":["orchid",{"x":[]},"heron"]}"#,
    #"{"tenantId":[{"tenantId":["heron"]}]}"#, #"{"tenantId":[{"tenantId":["orchid"]},"heron"]}"#,
    // The own tenant, and yet not.
    #"{"tenantId":"orchid2"}"#, #"{"tenantId":"orchi"}"#, #"{"tenantId":"Orchid"}"#, #"{"tenantId":"orchid "}"#,
    #"{"tenantId":" orchid"}"#, #"{"tenantId":""}"#, #"{"tenantId":42}"#, #"{"tenantId":-1}"#, #"{"tenantId":[42]}"#,
    #"{"tenantId":"orchid","tenantId":"heron"}"#, #"{"tenantId":"heron","tenantId":"orchid"}"#,
    #"{"tenantId":null,"x":{"tenantId":"heron"}}"#, #"{"tenantId":{"tenantId":"heron"}}"#,
    #"{"tenantId":"orchid"}{"tenantId":"heron"}"#, #"{"a":"tenantId","tenantId":"heron"}"#,
    // Canaries anywhere in the text, escaped or not.
    #"{"note":"see CANARY-heron-7f3a"}"#, #"{"CANARY-heron-1":1}"#, #"{"note":"CANARY-orchid2-1"}"#,
    #"{"note":"CCANARY-heron-1"}"#, #"{"note":"\u0043ANARY-heron-1"}"#, #"{"note":"CANARY\u002dheron-1"}"#,
    #"{"note":"CANARY-her\u006fn-1"}"#, #"{"note":"CANARY-orchid-1 CANARY-heron-1"}"#, #"["CANARY-CANARY-heron-1"]"#,
  ].map { Body("application/json", $0) }

  static let others: [Body] =
    [
      "{\"tenantId\":\"orchid\"}\n{\"tenantId\":\"heron\"}\n", "{\"tenantId\":\"heron\"}", "\n\n{\"tid\":\"heron\"}\n",
      "{\"tenantId\":\"orchid\"}\r\n{\"tenantId\":[\"heron\"]}\r\n", "1\n\"x\"\n[{\"tenantId\":\"heron\"}]\n",
    ].map { Body("application/x-ndjson", $0) }
    + [
      "data: {\"tenantId\":\"orchid\"}\n\ndata: {\"tenantId\":\"heron\"}\n\n", "data:{\"tenantId\":\"heron\"}\n\n",
      "event: x\r\nid: 1\r\ndata: {\"tenantId\":\"heron\"}\r\n\r\n", "data: {\"tenantId\":\rdata: \"heron\"}\r\r",
      "data: {\ndata: \"items\": [\ndata: {\"tenant_id\":\"heron\"}\ndata: ]}\n\n",
      ": hello\n\ndata: not json\n\ndata: {\"tenantId\":\"heron\"}\n\n", "\u{FEFF}data: {\"tenantId\":\"heron\"}\n\n",
      "id: CANARY-heron-1\ndata: x\n\n", "data: see CANARY-heron-1\n\n",
      "data: {\"broken\ndata: {\"tenantId\":\"heron\"}\n\ndata: {\"tid\":\"heron\"}\n\n",
    ].map { Body("text/event-stream", $0) }
    + [
      #"{"tenantId":"heron"}"#, "  \n [{\"tenantId\":\"heron\"}]", "plain words, CANARY-heron-9",
      "<p>CANARY-heron-9</p>",
    ].map { Body("text/html; charset=utf-8", $0) }
    + [Body("application/hal+json;v=1", #"{"tenantId":"heron"}"#), Body("image/svg+xml", "<t>CANARY-heron-1</t>")]
    + ["{\"tenantId\":\"her\non\"}", "{'tenantId':'heron'}", "{tenantId:'heron'}", "{\"\\u0041\":1]", "tid=heron"].map {
      Body("application/json", $0)  // not JSON: whoever reads it anyway may find anything in it
    }

  static let clean: [Body] =
    [
      "", "{}", "[]", "null", "42", #""tenantId""#, #"{"tenantId":"orchid"}"#, #"{"tenantId":null}"#,
      #"{"tenantId":{}}"#,
      #"{"tenantId":[]}"#, #"{"tenantId":["orchid","orchid"]}"#, #"{"tenant\u0049d":"orch\u0069d"}"#,
      // Strings that look like members are strings.
      #"{"x":"{\"tenantId\":\"heron\"}"}"#, #"{"x":"\"tenantId\":\"heron\""}"#, #"["tenantId","heron"]"#,
      #"{"x":"tenantId","y":"heron"}"#, #"["tenantId",{"x":"heron"}]"#, #"{"x":["tenantId"],"y":"heron"}"#,
      #"{"tenantIds":"heron","atenantId":"heron","tenant":"heron","tenantI":"heron","ti":"x","tidy":"x"}"#,
      #"{"tenantId":"orchid","name":"heron"}"#, #"{"a":"\\","b":"tenantId\\"}"#, #"{"tenantId":{"name":"heron"}}"#,
      // Escapes that spell no part of a name.
      #"{"\u00e9tenantId":"heron","tenantId\u00e9":"heron","tid":"orchid","\u00FC":"\u003ctid\u003e"}"#,
      #"{"t":true,"f":false,"n":null,"d":-1.5e+10,"u":"über \u00fc \ud83d\ude00"}"#, "\u{FEFF}{\"a\":1}",
      "{\n  \"tenantId\": \"orchid\",\n  \"items\": [\n    1,\n    2\n  ]\n}\n",
      #"{"note":"CANARY-orchid-1, CANARY-orchid-2-3"}"#, #"{"note":"CANARY"}"#, #"{"note":"CANARY-"}"#,
      #"{"note":"CANARY-<tenant>-1 CANARY- heron-1 canary-heron-1 CANARYheron CANARY-heron"}"#,
    ].map { Body("application/json", $0) }
    + ["{\"tenantId\":\"orchid\"}\n{\"tenantId\":\"orchid\"}\n\n1\n", ""].map { Body("application/x-ndjson", $0) }
    + [
      "retry: 1000\n\nid: 4\nevent: x\ndata: {\"tenantId\":\"orchid\"}\n\n: ping\n\ndata: heron\n\n",
      "data: {\"half\ndata: \n\ndata: ok\n\n", "tenantId: heron\n\n",
    ].map { Body("text/event-stream", $0) }
    + ["[INFO] tenantId: heron", "{ not json", "hello \"tenantId\":\"heron\""].map { Body("text/plain", $0) }
    + [Body("image/png", "\"tenantId\":\"heron\"")]

  /// What a reader says of a body in these pieces.
  static func finding(in body: Body, cutAt cuts: [Int] = [], own: String = "orchid") -> TenantFinding? {
    let keys = TenantKeys(known: TenantKeys.answerDefaults)
    var reader = AnswerReader(keys)
    let type = Array(body.type.utf8)
    reader.begin(.of(type.span, 0..<type.count), own: Array(own.utf8))
    let bytes = Array(body.text.utf8)
    var start = 0
    for end in cuts + [bytes.count] {
      if reader.finding == nil { reader.read(ByteBuffer(bytes: bytes[start..<end])) }
      start = end
    }
    if reader.finding == nil { reader.end() }
    return reader.finding
  }
}
