import ControlModel
import Testing

/// What may be asked for.
@Suite struct `A stop's draft` {
  private func problems(_ change: (inout ControlDraft) -> Void) -> [String] {
    var draft = ControlDraft(scope: .global, reason: "ten or more characters")
    change(&draft)
    do throws(Refusal) {
      _ = try draft.validated()
      return []
    } catch {
      #expect(error.code == .requestInvalid)
      return error.fields.map(\.field)
    }
  }

  @Test func `stops everything and cancels entries unless it says otherwise`() throws {
    let draft = try ControlDraft(scope: .global, reason: "ten or more characters").validated()
    #expect(draft.level == .halted)
    #expect(draft.cancel == .entries)
    #expect(draft.kind == .halt)
  }

  @Test(arguments: [
    ("123456789", false), ("1234567890", true), ("         x", false), ("  1234567890  ", true), ("", false),
    (String(repeating: "x", count: 500), true), (String(repeating: "x", count: 501), false),
    (String(repeating: "😀", count: 500), true),
  ])
  func `needs a reason of ten to five hundred characters`(reason: String, isAccepted: Bool) {
    #expect(problems { $0.reason = reason } == (isAccepted ? [] : ["reason"]), "\(reason.prefix(40))")
  }

  @Test(arguments: [
    ("line one\nline two", "line one line two"), ("bell \u{7} in it", "bell   in it"),
    ("escape \u{1b}[31m red", "escape  [31m red"), ("nothing \u{0} at all", "nothing   at all"),
  ])
  func `is kept on one line without control characters, not refused for them`(reason: String, kept: String) throws {
    #expect(try ControlDraft(scope: .global, reason: reason).validated().reason == kept)
  }

  @Test func `refuses a reason whose few characters are made of many bytes`() {
    let heavy = "a" + String(repeating: "\u{301}", count: 3000)
    #expect(problems { $0.reason = heavy + " because of it" } == ["reason"])
  }

  @Test func `cannot be a control that restricts nothing`() {
    #expect(problems { $0.level = .active } == ["level"])
    #expect(problems { $0.level = .reduceOnly }.isEmpty)
  }

  @Test func `disables tenants and profiles, not venues, symbols or everything`() {
    let tenant = Sample.tenants[0]
    for (scope, isAccepted) in [
      (ControlScope.global, false), (ControlScope(tenant: tenant), true),
      (ControlScope(tenant: tenant, profile: Sample.profiles[0]), true), (ControlScope(venue: Sample.venues[0]), false),
      (ControlScope(tenant: tenant, symbol: Sample.symbols[0]), false),
    ] {
      let found = problems {
        $0.kind = .disable
        $0.scope = scope
      }
      #expect(found == (isAccepted ? [] : ["scope"]), "\(scope.summary)")
    }
  }

  @Test(arguments: [("", false), ("OPS-1", true), (String(repeating: "x", count: 65), false), ("tab\t1", false)])
  func `may name a ticket`(ticket: String, isAccepted: Bool) {
    #expect(problems { $0.ticket = ticket } == (isAccepted ? [] : ["ticket"]))
  }

  @Test(arguments: [
    (59_999 as Int64, false), (60_000, true), (604_800_000, true), (604_800_001, false), (-1, false),
  ])
  func `is looked at again within a minute to a week`(milliseconds: Int64, isAccepted: Bool) {
    #expect(problems { $0.reviewAfterMilliseconds = milliseconds } == (isAccepted ? [] : ["reviewAfter"]))
  }

  @Test func `names every wrong field at once`() {
    let found = problems {
      $0.reason = "short"
      $0.level = .active
      $0.kind = .disable
      $0.ticket = ""
      $0.reviewAfterMilliseconds = 1
    }
    #expect(found == ["reason", "level", "scope", "ticket", "reviewAfter"])
  }

  @Test func `comes from a person, an alert, the platform, a lease or a drill, and says so in text`() {
    let origins: [ControlOrigin] = [.human, .alert(fingerprint: "f00d"), .platform, .lease, .drill]
    for origin in origins { #expect(ControlOrigin(origin.description) == origin) }
    for text in ["", "alert:", "alert", "Human", "robot"] { #expect(ControlOrigin(text) == nil, "\(text)") }
  }
}
