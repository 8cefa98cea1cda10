import Foundation
import Testing

/// The house rules a machine can check.
@Suite struct `House rules` {
  @Test func `no file is longer than 400 lines`() throws {
    for file in try Repository.files("Sources", suffix: ".swift") {
      let lines = file.text.split(separator: "\n", omittingEmptySubsequences: false).count
      #expect(lines <= 400, "\(file.path) has \(lines) lines: which capability hides in it?")
    }
  }

  @Test func `no unfinished or unsafe marks in shipped code`() throws {
    let marks = ["TODO", "FIXME", "fatalError(", "try!", "as!", "@unchecked Sendable", "nonisolated(unsafe)"]
    for file in try Repository.files("Sources", suffix: ".swift") {
      for mark in marks where file.text.contains(mark) { Issue.record("\(file.path) holds \(mark)") }
    }
  }

  @Test func `every decision says what was given up`() throws {
    let decisions = try Repository.files("docs/decisions", suffix: ".md")
    #expect(!decisions.isEmpty)
    for file in decisions {
      for heading in ["## Context", "## Choice", "## What we gave up", "## How we would know it was wrong"] {
        #expect(file.text.contains(heading), "\(file.path) lacks \(heading)")
      }
    }
  }

  @Test func `every dependency is justified in a decision`() throws {
    let manifest = try Repository.text("Package.swift")
    let decisions = try Repository.files("docs/decisions", suffix: ".md").map(\.text).joined()
    for match in manifest.matches(of: /url: "https:\/\/github.com\/[\w.-]+\/([\w.-]+)"/) {
      #expect(decisions.contains(String(match.1)), "docs/decisions does not mention \(match.1)")
    }
  }
}
