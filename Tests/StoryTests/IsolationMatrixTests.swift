import AdminAPI
import ControlModel
import DataPlane
import Foundation
import Testing

/// Every route against every kind of caller, from the route table itself: a route added without access rules shows here.
@Suite struct `The isolation matrix` {
  @Test func `admits exactly the roles each route names`() async throws {
    try await withProduct { product in
      let tokens: [(Role, String)] = try Role.allCases.map { role in
        (role, try product.people.token(role, "p-\(role.rawValue)", tenant: role == .user ? "orchid" : nil))
      }
      for route in product.routes where route.method != nil {
        let method = route.method?.text ?? ""
        let path = route.template.replacing(/\{[^}]+\}/, with: "nobody-such")
        for (isOps, listener) in [(false, Route.Listeners.public), (true, Route.Listeners.ops)] {
          guard route.listeners.contains(listener), !path.hasPrefix("/stream/") else { continue }
          let anonymous = try await product.call(method, path, body: method == "GET" ? nil : "{}", ops: isOps)
          switch route.access {
          case .open: #expect(anonymous.status != 401, "\(method) \(path) is open")
          case .openOnOps where isOps: #expect(anonymous.status != 401, "\(method) \(path) is open on ops")
          case .openOnOps, .roles:
            #expect(anonymous.status == 401, "\(method) \(path) without a token: \(anonymous.status)")
          }
          guard case .roles(let roles) = route.access else { continue }
          for (role, token) in tokens where !roles.contains(role) {
            let answer = try await product.call(
              method, path, token: token, body: method == "GET" ? nil : "{}", ops: isOps)
            #expect(answer.status == 403, "\(method) \(path) as \(role.rawValue): \(answer.status)")
            #expect(answer.code == "access.denied")
          }
          for (role, token) in tokens where roles.contains(role) {
            let answer = try await product.call(
              method, path, token: token, body: method == "GET" ? nil : "{}", ops: isOps)
            #expect(answer.status != 401 && answer.code != "access.denied", "\(method) \(path) as \(role.rawValue)")
            #expect(answer.status < 500, "\(method) \(path) as \(role.rawValue): \(answer.text)")
          }
        }
      }
    }
  }

  @Test func `is what OpenAPI says`() async throws {
    try await withProduct { product in
      let answer = try await product.call("GET", "/openapi.json")
      #expect(answer.status == 200)
      struct Document: Decodable {
        let openapi: String
        let paths: [String: [String: Operation]]

        struct Operation: Decodable {
          let operationId: String
        }
      }
      let document = try answer.decode(Document.self)
      #expect(document.openapi == "3.1.0")
      var served: Set<String> = []
      for route in product.routes where route.template != "/openapi.json" {
        if let method = route.method { served.insert("\(method.text.lowercased()) \(route.template)") }
      }
      let described = Set(document.paths.flatMap { path, operations in operations.keys.map { "\($0) \(path)" } })
      #expect(served == described)
      let ids = document.paths.values.flatMap { $0.values.map(\.operationId) }
      #expect(Set(ids).count == ids.count, "operation ids are unique")
    }
  }
}
