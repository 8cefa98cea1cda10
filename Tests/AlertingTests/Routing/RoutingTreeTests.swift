import BreakwaterTesting
import Foundation
import PromQL
import Testing

@testable import Alerting

/// Who is told of which alert.
@Suite struct `The routing tree` {
  private func node(_ receiver: String?, _ matchers: String..., then children: [RoutingTree.Node] = []) throws
    -> RoutingTree.Node
  {
    var node = RoutingTree.Node()
    node.receivers = receiver.map { [$0] }
    node.matchers = try LabelMatchers(matchers)
    node.children = children
    return node
  }

  @Test func `sends an alert to the first route that matches, the deepest one, or to the root`() throws {
    var onCall = try node("pager", "severity=critical", then: [node("traders", "tenant=orchid")])
    onCall.groupBy = .labels(["tenant"])
    onCall.groupWaitMilliseconds = 5000
    let tree = RoutingTree(root: try node("chat", then: [onCall, node("mail", "severity=~warning|critical")]))
    func receivers(_ text: String) throws -> [String] { tree.leaves(for: try labels(text)).flatMap(\.receivers) }
    #expect(try receivers(#"severity="critical",tenant="orchid""#) == ["traders"])
    #expect(try receivers(#"severity="critical""#) == ["pager"])
    #expect(try receivers(#"severity="warning""#) == ["mail"])
    #expect(try receivers(#"severity="info""#) == ["chat"])
    let leaf = try #require(tree.leaves(for: labels(#"severity="critical",tenant="orchid""#)).first)
    #expect(leaf.groupBy == .labels(["tenant"]) && leaf.groupWaitMilliseconds == 5000, "what is not said is inherited")
    #expect(leaf.key == #"{}/{severity="critical"}/{tenant="orchid"}"#)
  }

  @Test func `goes on to the next route where a route says so`() throws {
    var first = try node("ledger", "severity=~.+")
    first.continues = true
    let tree = RoutingTree(root: try node("chat", then: [first, node("pager", "severity=critical")]))
    #expect(tree.leaves(for: try labels(#"severity="critical""#)).flatMap(\.receivers) == ["ledger", "pager"])
    #expect(tree.leaves(for: try labels(#"severity="info""#)).flatMap(\.receivers) == ["ledger"])
  }

  // MARK: Against amtool

  private static let amtool = Peer.path("amtool")

  /// A random tree and the same for Alertmanager.
  private struct RandomTree {
    var random: SeededRandom
    var count = 0
    var receivers: [String] = []

    mutating func node(depth: Int) throws -> (RoutingTree.Node, String) {
      var node = RoutingTree.Node()
      count += 1
      let name = "r\(count)"
      var lines: [String] = []
      if depth == 0 || Bool.random(using: &random) {
        receivers.append(name)
        node.receivers = [name]
        lines.append("receiver: \(name)")
      }
      if depth > 0 {
        let texts = (0..<Int.random(in: 1...2, using: &random)).map { _ in
          let label = ["a", "b", "c"].randomElement(using: &random) ?? "a"
          let operation = ["=", "!=", "=~", "!~"].randomElement(using: &random) ?? "="
          let value = ["1", "2", "1|2", ".*", "", "[12]"].randomElement(using: &random) ?? "1"
          return "\(label)\(operation)\"\(value)\""
        }
        node.matchers = try LabelMatchers(texts)
        lines.append("matchers: [\(texts.map { "'\($0)'" }.joined(separator: ", "))]")
        node.continues = Int.random(in: 0..<3, using: &random) == 0
        if node.continues { lines.append("continue: true") }
      }
      let children =
        try depth < 3 ? (0..<Int.random(in: 0...3, using: &random)).map { _ in try self.node(depth: depth + 1) } : []
      node.children = children.map(\.0)
      if !children.isEmpty {
        lines.append("routes:")
        for child in children {
          for (index, line) in child.1.split(separator: "\n").enumerated() {
            lines.append((index == 0 ? "- " : "  ") + line)
          }
        }
      }
      return (node, lines.joined(separator: "\n"))
    }
  }

  @Test(.enabled(if: amtool != nil, "amtool is not installed"), arguments: [1, 2, 3, 4, 5, 6] as [UInt64])
  func `sends every alert where Alertmanager's own tool says`(seed: UInt64) throws {
    let amtool = try #require(Self.amtool)
    var maker = RandomTree(random: SeededRandom(seed))
    let (root, yaml) = try maker.node(depth: 0)
    let tree = RoutingTree(root: root)
    let folder = try TemporaryFolder()
    let text =
      "route:\n" + yaml.split(separator: "\n").map { "  \($0)\n" }.joined() + "receivers:\n"
      + maker.receivers.map { "- name: \($0)\n" }.joined()
    try Data(text.utf8).write(to: URL(fileURLWithPath: folder.file("am.yml")))
    for _ in 0..<12 {
      let sets = ["a", "b", "c"].compactMap { name in
        ["", "1", "2", "3"].randomElement(using: &maker.random).flatMap { $0.isEmpty ? nil : "\(name)=\($0)" }
      }
      let own = try labels(sets.map { $0.replacing("=", with: "=\"") + "\"" }.joined(separator: ","))
      let verdict = try Peer.run(amtool, ["config", "routes", "test", "--config.file=\(folder.file("am.yml"))"] + sets)
      // Before its answer it warns about a file of its own that the machine may have.
      let theirs = verdict.output.split(separator: "\n").last.map(String.init) ?? ""
      let ours = tree.leaves(for: own).flatMap(\.receivers).joined(separator: ",")
      #expect(verdict.status == 0 && theirs == ours, "seed \(seed), \(sets): amtool \(theirs), we \(ours)\n\(text)")
    }
  }
}
