import Foundation
import Testing

@testable import Identity

/// Files beside the tests.
enum Fixture {
  static func bytes(_ path: String) throws -> [UInt8] {
    let root = try #require(Bundle.module.resourceURL).appendingPathComponent("Fixtures")
    return Array(try Data(contentsOf: root.appendingPathComponent(path)))
  }

  static func text(_ path: String) throws -> String {
    String(decoding: try bytes(path), as: UTF8.self)
  }

  static func json(_ path: String) throws -> JSONValue {
    let large = StrictJSON.Limits(depthMax: 32, bytesMax: 1 << 24, nodesMax: 1 << 20)
    return try JSONDocument(try bytes(path), large).root
  }

  static func names(in folder: String) throws -> [String] {
    let root = try #require(Bundle.module.resourceURL).appendingPathComponent("Fixtures/\(folder)")
    return try FileManager.default.contentsOfDirectory(atPath: root.path).sorted()
  }
}

extension JSONValue {
  /// The value as JSON text again, for fixtures that embed a key.
  var json: String {
    if isString { return "\"" + String(decoding: source, as: UTF8.self) + "\"" }
    return String(decoding: source, as: UTF8.self)
  }
}

extension String {
  var bytes: [UInt8] { Array(utf8) }
}

func jsonProblem(_ text: String, _ limits: StrictJSON.Limits = .body) -> StrictJSON.Problem.Kind? {
  do {
    try StrictJSON.validate(text.bytes.span, limits)
    return nil
  } catch {
    return error.kind
  }
}
