import ControlModel
import DataPlane

/// OpenAPI 3.1, generated from the route table: what is described is what is served.
struct OpenAPIDocument: Encodable {
  struct Info: Encodable {
    let title = "Breakwater"
    let version: String
  }

  struct Operation: Encodable {
    let summary: String
    let operationId: String
    let parameters: [Parameter]
    let security: [[String: [String]]]
    let responses: [String: Response]
    let listeners: [String]
    let roles: [String]

    enum CodingKeys: String, CodingKey {
      case summary, operationId, parameters, security, responses
      case listeners = "x-listeners"
      case roles = "x-roles"
    }
  }

  struct Parameter: Encodable {
    let name: String
    let location = "path"
    let required = true
    let schema = ["type": "string"]

    enum CodingKeys: String, CodingKey {
      case name, required, schema
      case location = "in"
    }
  }

  struct Response: Encodable {
    let description: String
  }

  struct Components: Encodable {
    let securitySchemes = ["bearer": ["type": "http", "scheme": "bearer", "bearerFormat": "JWT"]]
  }

  let openapi = "3.1.0"
  let info: Info
  let paths: [String: [String: Operation]]
  let components = Components()

  init(_ routes: [Route], version: String) {
    info = Info(version: version)
    var paths: [String: [String: Operation]] = [:]
    for route in routes {
      guard let method = route.method, case .endpoint(let endpoint) = route.action else { continue }
      paths[route.template, default: [:]][method.text.lowercased()] = Operation(
        summary: endpoint.summary, operationId: Self.operationID(method, route.template),
        parameters: Self.parameters(route.template), security: Self.isOpen(route) ? [] : [["bearer": []]],
        responses: Self.responses(route), listeners: Self.listeners(route), roles: Self.roles(route))
    }
    self.paths = paths
  }

  private static func operationID(_ method: Method, _ template: String) -> String {
    let words = template.split { !$0.isLetter && !$0.isNumber }.map(String.init)
    return ([method.text.lowercased()] + words).joined(separator: "_")
  }

  private static func parameters(_ template: String) -> [Parameter] {
    template.split(separator: "/").filter { $0.hasPrefix("{") }.map {
      Parameter(name: String($0.dropFirst().dropLast()))
    }
  }

  private static func isOpen(_ route: Route) -> Bool { route.access == .open }

  private static func responses(_ route: Route) -> [String: Response] {
    var responses = [
      "2XX": Response(description: "Done."), "4XX": Response(description: "Refused: application/problem+json."),
      "5XX": Response(description: "Failed: application/problem+json."),
    ]
    if !isOpen(route) { responses["401"] = Response(description: "No valid token: application/problem+json.") }
    return responses
  }

  private static func listeners(_ route: Route) -> [String] {
    (route.listeners.contains(.public) ? ["public"] : []) + (route.listeners.contains(.ops) ? ["ops"] : [])
  }

  private static func roles(_ route: Route) -> [String] {
    switch route.access {
    case .open: []
    case .openOnOps(let roles), .roles(let roles): roles.map(\.rawValue).sorted()
    }
  }
}
