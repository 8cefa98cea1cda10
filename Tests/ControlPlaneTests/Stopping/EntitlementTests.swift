import BreakwaterTesting
import ControlModel
import ControlPlane
import Telemetry
import Testing

/// Who may order what. Nothing but role and content stands in front of a stop.
@Suite struct `Entitlement` {
  private let people: TestPeople
  private let requestID = RequestID(checked: "bench-request-1")

  init() throws {
    people = try TestPeople(at: TestClock().clocks.now)
  }

  private func draft(reason: String = "ten characters or more", level: ControlLevel = .halted) -> ControlDraft {
    ControlDraft(scope: .global, level: level, reason: reason)
  }

  @Test(arguments: Role.allCases)
  func `to stop belongs to operators and admins`(role: Role) async throws {
    let code = await refusal {
      _ = try Authorizer.stop(draft(), by: people.principal(role, "pat"), requestID: requestID)
    }
    #expect(code == ([.operator, .admin].contains(role) ? nil : .accessDenied))
  }

  @Test(arguments: Role.allCases)
  func `to start again belongs to admins alone`(role: Role) async throws {
    let code = await refusal { _ = try Authorizer.admin(people.principal(role, "pat"), requestID: requestID) }
    #expect(code == (role == .admin ? nil : .accessDenied))
  }

  @Test func `carries the name of the token, not one that was asked for`() throws {
    let stop = try Authorizer.stop(draft(), by: people.principal(.operator, "olive"), requestID: requestID)
    #expect(stop.actor == "olive")
    #expect(stop.origin == .human)
    #expect(stop.requestID == requestID)
  }

  @Test(arguments: ["", "short", "         too", String(repeating: "x", count: 501)])
  func `needs a reason a colleague can read`(reason: String) throws {
    let olive = try people.principal(.operator, "olive")
    let refused = #expect(throws: Refusal.self) {
      _ = try Authorizer.stop(draft(reason: reason), by: olive, requestID: requestID)
    }
    #expect(refused?.code == .requestInvalid)
    #expect(refused?.fields.map(\.field) == ["reason"])
  }

  @Test func `never extends to a control that restricts nothing`() throws {
    let olive = try people.principal(.operator, "olive")
    let refused = #expect(throws: Refusal.self) {
      _ = try Authorizer.stop(draft(level: .active), by: olive, requestID: requestID)
    }
    #expect(refused?.fields.map(\.field) == ["level"])
  }
}
